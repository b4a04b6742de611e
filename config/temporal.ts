import { loadClientConnectConfig } from '@temporalio/envconfig';
import type { Environment } from './environment.ts';

/**
 * Where Temporal is and how to speak to it: TEMPORAL_ADDRESS, TEMPORAL_API_KEY, TEMPORAL_TLS_* or a profile file, as
 * the official SDKs read them. The embedded server's address comes in `environment.temporalAddress`; a profile file is
 * about some other server, so it is not read for an address on this machine.
 */
export function temporalConnection(environment: Environment) {
  const { connectionOptions } = loadClientConnectConfig({
    disableFile: /^(127\.|localhost:|\[::1\])/.test(environment.temporalAddress ?? ''),
  });
  return {
    connection: {
      ...connectionOptions,
      ...(environment.temporalAddress ? { address: environment.temporalAddress } : {}),
    },
    namespace: environment.namespace,
  };
}
