/** TENANTRY_TEST_FULL=1 asks everything, and as often as is promised; otherwise there is less time. */
export const isWhole = process.env.TENANTRY_TEST_FULL === '1'

/** Why a test that takes many processes, a browser or many seconds is left to those who ask everything; false when it is asked. */
export const wholeOnly: string | false = isWhole
  ? false
  : 'TENANTRY_TEST_FULL=1 asks this too, as continuous integration does'

/**
 * Of many that are alike: all when whole, otherwise every `nth`, beginning at `from`. A `nth` that has no divisor in common with
 * the length of what repeats in the list finds each of its forms somewhere.
 */
export function some<T>(all: readonly T[], nth: number, from = 0): readonly T[] {
  return isWhole ? all : all.filter((_, index) => index % nth === from % nth)
}
