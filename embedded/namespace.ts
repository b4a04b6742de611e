import { Connection } from '@temporalio/client';
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes.js';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { Environment } from '../config/environment.ts';
import { PerennialError } from '../config/errors.ts';
import { searchAttributes } from '../config/searchAttributes.ts';
import { temporalConnection } from '../config/temporal.ts';

/**
 * Makes a Temporal server ready for this installation: the namespace is there, the search attributes are registered,
 * and both can be used. Changes nothing where they are there already.
 *
 * @throws PerennialError STACK_UNAVAILABLE saying what the server refused and how to do it by hand.
 */
export async function prepareNamespace(environment: Environment, signal?: AbortSignal): Promise<void> {
  const connection = await connectPatiently(environment, signal);
  try {
    await registerNamespace(connection, environment.namespace);
    await registerSearchAttributes(connection, environment.namespace);
  } finally {
    await connection.close();
  }
}

const CONNECT_TIMEOUT_MS = 60_000;
/** A server reads its namespaces again every 10 s (`system.namespaceRegistryRefreshInterval`), attributes every 60 s. */
const VISIBLE_TIMEOUT_MS = 90_000;
const RETENTION = '30 days';

const GRPC = { NOT_FOUND: 5, ALREADY_EXISTS: 6, PERMISSION_DENIED: 7, UNIMPLEMENTED: 12 };

/** A new connection for every try: gRPC itself waits longer after each refusal. */
async function connectPatiently(environment: Environment, signal?: AbortSignal): Promise<Connection> {
  const { connection: options } = temporalConnection(environment);
  const address = options.address ?? 'localhost:7233';
  const deadline = performance.now() + CONNECT_TIMEOUT_MS;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await Connection.connect({ ...options, connectTimeout: 2_000 });
    } catch (cause) {
      if (performance.now() > deadline) {
        throw new PerennialError(
          'STACK_UNAVAILABLE',
          `No Temporal server answers at ${address}: ${text(cause)}`,
          {
            field: 'TEMPORAL_ADDRESS',
            value: address,
            expected: 'host:port of a Temporal frontend',
            cause,
          },
        );
      }
      await pause(100);
    }
  }
}

async function registerNamespace(connection: Connection, namespace: string): Promise<void> {
  const found = await tolerate(connection.workflowService.describeNamespace({ namespace }), GRPC.NOT_FOUND);
  if (!found) {
    const request = { namespace, workflowExecutionRetentionPeriod: msToTs(RETENTION) };
    await refusedMeans(
      `register the namespace ${namespace} (temporal operator namespace create ${namespace})`,
      tolerate(connection.workflowService.registerNamespace(request), GRPC.ALREADY_EXISTS),
    );
  }
  // Describing reads the table; counting goes the way that starting a workflow goes.
  await until(
    async () =>
      (await tolerate(connection.workflowService.countWorkflowExecutions({ namespace }), GRPC.NOT_FOUND)) !==
      undefined,
    `namespace ${namespace}`,
  );
}

async function registerSearchAttributes(connection: Connection, namespace: string): Promise<void> {
  const wanted = Object.values(searchAttributes);
  const missing = async () => {
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    return wanted.filter(({ name }) => customAttributes[name] === undefined);
  };
  const how = wanted.map(({ name, type }) => `--name ${name} --type ${type}`).join(' ');
  const absent = await refusedMeans(`list search attributes`, missing());
  if (absent.length === 0) return;
  await refusedMeans(
    `register search attributes (temporal operator search-attribute create --namespace ${namespace} ${how})`,
    tolerate(
      connection.operatorService.addSearchAttributes({
        namespace,
        searchAttributes: Object.fromEntries(
          absent.map(({ name, type }) => [name, encodeSearchAttributeIndexedValueType(type) ?? 0]),
        ),
      }),
      GRPC.ALREADY_EXISTS,
    ),
  );
  await until(async () => (await missing()).length === 0, 'search attributes');
}

async function tolerate<T>(call: Promise<T>, code: number): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if ((error as { code?: number }).code === code) return undefined;
    throw error;
  }
}

async function refusedMeans<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (cause) {
    const code = (cause as { code?: number }).code;
    if (code !== GRPC.PERMISSION_DENIED && code !== GRPC.UNIMPLEMENTED) throw cause;
    throw new PerennialError(
      'STACK_UNAVAILABLE',
      `The Temporal server does not let this program ${what}: ${text(cause)}`,
      { cause },
    );
  }
}

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + VISIBLE_TIMEOUT_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) {
      throw new PerennialError(
        'STACK_UNAVAILABLE',
        `The Temporal server did not show the ${what} within ${VISIBLE_TIMEOUT_MS / 1000} s.`,
      );
    }
    await pause(100);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
