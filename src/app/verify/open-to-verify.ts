import { TenantryError } from '../../core/errors.ts'
import { openPlatform, type Platform, type PlatformOptions } from '../platform.ts'

/** As `openPlatform`, but nothing is mended, and a database that is refused is opened as it is. */
export async function openToVerify(options: PlatformOptions): Promise<Platform> {
  try {
    return await openPlatform({ ...options, settings: { ...options.settings, apply: 'never' } })
  } catch (refused) {
    if (!(refused instanceof TenantryError && refused.code === 'conflict')) throw refused
    return openPlatform({ ...options, prepare: false }).catch(() => {
      throw refused
    })
  }
}
