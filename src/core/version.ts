/** A module's full version. Compares part by part: 1.10.0 > 1.9.0. */
export interface Version {
  readonly major: number
  readonly minor: number
  readonly patch: number
}

const full = /^(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})$/
const wanted = /^([1-9]\d{0,5})(?:\.(0|[1-9]\d{0,5})(?:\.(0|[1-9]\d{0,5}))?)?$/
const folder = /^v([1-9]\d{0,5})$/

/** `1.4.0` as a version; undefined when the text is not one. */
export function parseVersion(text: string): Version | undefined {
  const parts = full.exec(text)
  return parts ? { major: Number(parts[1]), minor: Number(parts[2]), patch: Number(parts[3]) } : undefined
}

/** `1`, `1.4` or `1.4.2` as the least version asked for (missing parts are 0); undefined when the text is not one. */
export function parseWantedVersion(text: string): Version | undefined {
  const parts = wanted.exec(text)
  return parts ? { major: Number(parts[1]), minor: Number(parts[2] ?? 0), patch: Number(parts[3] ?? 0) } : undefined
}

/** The major of a folder or URL segment `v1`; undefined for `1`, `V1`, `v1.1`, `v01`. */
export function parseMajorFolder(text: string): number | undefined {
  const parts = folder.exec(text)
  return parts ? Number(parts[1]) : undefined
}

/** Negative, zero or positive as `a` is lower than, equal to or higher than `b`. */
export function compareVersions(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor || a.patch - b.patch
}

/** True when `version` has the major that is wanted and is not lower than it. */
export function satisfiesVersion(version: Version, least: Version): boolean {
  return version.major === least.major && compareVersions(version, least) >= 0
}

export function formatVersion({ major, minor, patch }: Version): string {
  return `${major}.${minor}.${patch}`
}
