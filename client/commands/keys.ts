import { PerennialError } from '../../config/errors.ts';
import { ROLES, type Role } from '../../store/routeTypes.ts';
import { actorOf } from '../actor.ts';
import { table } from '../terminal/table.ts';
import { openTerminal } from '../terminal/terminal.ts';
import { withClient } from './session.ts';

/** `npx perennial keys create`: the secret alone on stdout's last line, so that a script can take it. */
export async function create(options: {
  name: string;
  role: string;
  as?: string;
  json?: boolean;
}): Promise<void> {
  const terminal = openTerminal(options);
  const roles = options.role.split(',').map(roleOf);
  await withClient(async (client) => {
    const key = await client.keys.create({ name: options.name, roles, actor: actorOf(options) });
    terminal.note(`Key ${key.id} (${key.name}) for ${key.roles.join(', ')}. It is told this once:`);
    terminal.print(key.secret);
    terminal.object(key);
  });
}

/** `npx perennial keys list` */
export async function list(options: { json?: boolean }): Promise<void> {
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    const all = await client.keys.list();
    const { dim, red } = terminal.colors;
    const head = ['key', 'name', 'roles', 'created (UTC)', ''].map((cell) => dim(cell));
    const rows = all.map((key) => [
      key.id,
      key.name,
      key.roles.join(', '),
      key.createdAt.slice(0, 19).replace('T', ' '),
      key.revokedAt === undefined ? '' : red('revoked'),
    ]);
    terminal.print(
      all.length === 0
        ? 'No keys: the gateway asks for none on loopback. `npx perennial keys create` makes one.'
        : table([head, ...rows]),
    );
    terminal.object({ keys: all });
  });
}

/** `npx perennial keys revoke` */
export async function revoke(id: string, options: { as?: string; json?: boolean }): Promise<void> {
  const terminal = openTerminal(options);
  await withClient(async (client) => {
    await client.keys.revoke(id, actorOf(options));
    terminal.print(`Key ${id} is revoked.`);
    terminal.object({ id, revoked: true });
  });
}

function roleOf(text: string): Role {
  const role = ROLES.find((each) => each === text.trim());
  if (role) return role;
  throw new PerennialError('INVALID_INPUT', `"${text}" is no role.`, {
    field: '--role',
    value: text,
    expected: `one or several of ${ROLES.join(', ')}, with commas between them`,
  });
}
