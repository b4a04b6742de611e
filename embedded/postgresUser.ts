import { execFileSync } from 'node:child_process';
import { chownSync, lchownSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PerennialError } from '../config/errors.ts';

/** How to run a program that refuses to run as root. */
export interface RunAs {
  uid?: number;
  gid?: number;
  /** Command and arguments that go before the program's own. */
  wrap: string[];
}

/**
 * Postgres refuses root. As root, its data is given to an unprivileged user and it runs as that one, where that user
 * can reach the data and the binaries; under a directory that is root's alone, a user namespace makes root look like
 * user 1000 without any change of owner.
 *
 * @param data the data directory, which is there; its owner is made to fit.
 * @throws PerennialError STACK_UNAVAILABLE where root can do neither.
 */
export function chooseUser(data: string, postgres: string): RunAs {
  if (process.getuid?.() !== 0) return { wrap: [] };
  const user = unprivilegedUser(data);
  own(data, user.uid, user.gid);
  const probe = ['-c', 'cd "$0" && exec "$1" --version', data, postgres];
  if (succeeds('/bin/sh', probe, user)) return { ...user, wrap: [] };
  own(data, 0, 0);
  const wrap = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];
  if (succeeds(wrap[0], [...wrap.slice(1), '/bin/sh', ...probe])) return { wrap };
  throw new PerennialError(
    'STACK_UNAVAILABLE',
    `Postgres does not run as root, user ${user.uid} cannot reach ${data} or ${postgres}, and this system allows no user namespaces. ` +
      'Set PERENNIAL_HOME to a directory that every user can enter (/var/lib/perennial, say), run as another user, or set DATABASE_URL.',
  );
}

/** The owner so far; else the system's `postgres`; else `nobody`. */
function unprivilegedUser(data: string): { uid: number; gid: number } {
  const { uid, gid } = lstatSync(data);
  if (uid !== 0) return { uid, gid };
  try {
    const id = (flag: string) =>
      Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return { uid: NOBODY, gid: NOBODY };
  }
}

const NOBODY = 65_534;

/** The whole tree, only where its top belongs to somebody else. The top comes last: an interrupted change is redone. */
function own(directory: string, uid: number, gid: number): void {
  const top = lstatSync(directory);
  if (top.uid === uid && top.gid === gid) return;
  for (const entry of readdirSync(directory, { recursive: true, encoding: 'utf8' }))
    lchownSync(join(directory, entry), uid, gid);
  chownSync(directory, uid, gid);
}

function succeeds(command: string, args: string[], user: { uid?: number; gid?: number } = {}): boolean {
  try {
    execFileSync(command, args, { ...user, stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}
