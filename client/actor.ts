import { userInfo } from 'node:os';

/** Who gives an order at this terminal: what --as says, else the user of the operating system. */
export function actorOf(options: { as?: string }): string {
  if (options.as) return options.as;
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`; // A container's user may have no name.
  }
}
