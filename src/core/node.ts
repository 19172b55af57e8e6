/** A process that is going to serve, as it writes itself down. */
export interface NodeEntry {
  readonly id: string
  readonly host: string
  readonly pid: number
  readonly modules: Readonly<Record<string, ServedModule>>
}

export interface ServedModule {
  /** `1.2.0` */
  readonly version: string
  /** Equal for definitions that need the same of the database. */
  readonly fingerprint: string
}

/** A node that has said within the last minute that it serves. */
export interface LiveNode extends NodeEntry {
  /** ISO 8601. */
  readonly startedAt: string
  /** ISO 8601. */
  readonly seenAt: string
  readonly secondsSilent: number
}

/** A node as operators see it. */
export interface NodeStatus extends Omit<LiveNode, 'modules'> {
  /** `current`: it serves with the definition that is here. */
  readonly modules: readonly { readonly module: string; readonly version: string; readonly current: boolean }[]
}

/** Of the modules that somebody has here; what a node has beside them is not told. */
export function describeNode({ modules, ...node }: LiveNode, here: NodeEntry['modules']): NodeStatus {
  return {
    ...node,
    modules: Object.entries(modules).flatMap(([module, { version, fingerprint }]) => {
      const own = here[module]
      return own ? [{ module, version, current: own.fingerprint === fingerprint }] : []
    }),
  }
}

/**
 * Which nodes a migration of `module` would break, one sentence each. `up`: those with another definition than the one here,
 * to which the files lead; `down`: those with the one here, from which they lead away.
 */
export function nodesInTheWay(
  nodes: readonly LiveNode[],
  module: string,
  { version, fingerprint }: ServedModule,
  direction: 'up' | 'down',
): string[] {
  return nodes.flatMap(({ host, pid, secondsSilent, modules }) => {
    const served = modules[module]
    if (!served || (served.fingerprint === fingerprint) === (direction === 'up')) return []
    const here = served.version === version ? 'another definition is here' : `here is ${version}`
    const told = direction === 'up' ? `, ${here}` : ''
    return [`${host} (pid ${pid}) runs ${module} ${served.version}${told}; seen ${secondsSilent} s ago`]
  })
}
