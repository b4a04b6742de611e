import type { FastifyInstance } from 'fastify';

/** Whether requests should come here: undefined, or the reason why not (yet, or any more). */
export type NotReady = () => string | undefined;

/** `/health/live` and `/health/ready`, for load balancers and orchestrators; without a key. */
export function addHealth(server: FastifyInstance, notReady: NotReady): void {
  server.get('/health/live', { config: { role: 'anyone' } }, () => ({ live: true }));
  server.get('/health/ready', { config: { role: 'anyone' } }, (_request, reply) => {
    const reason = notReady();
    return reply.code(reason === undefined ? 200 : 503).send({ ready: reason === undefined, reason });
  });
}
