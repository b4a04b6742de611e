import type { FastifyInstance } from 'fastify';

const PLACES = {
  docs: '/docs',
  openapi: '/openapi.json',
  models: '/models',
  v2: '/v2',
  ready: '/health/ready',
  metrics: '/metrics',
};

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Perennial gateway</title>
<style>body { font: 16px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem } dt { font-family: monospace }</style>
<h1>Perennial gateway</h1>
<p>Models in production, asked over HTTP.</p>
<dl>
<dt><a href="/docs">/docs</a></dt><dd>Every address, with a form to try it.</dd>
<dt><a href="/models">/models</a></dt><dd>What can be asked. <code>/models/{name}</code> answers a request to copy.</dd>
<dt><a href="/v2">/v2</a></dt><dd>Open Inference Protocol V2.</dd>
<dt><a href="/openapi.json">/openapi.json</a></dt><dd>The description for programs.</dd>
<dt><a href="/health/ready">/health/ready</a></dt><dd>Whether requests should come here.</dd>
<dt><a href="/metrics">/metrics</a></dt><dd>For Prometheus.</dd>
</dl>
`;

/** `/`: where things are, as a page for browsers and as JSON for others. */
export function addPage(server: FastifyInstance): void {
  server.get('/', { config: { role: 'anyone' } }, (request, reply) => {
    if (!request.headers.accept?.includes('text/html')) return reply.send(PLACES);
    return reply
      .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .type('text/html; charset=utf-8')
      .send(PAGE);
  });
}
