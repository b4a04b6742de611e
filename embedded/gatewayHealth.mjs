// node embedded/gatewayHealth.mjs <address>: health check of a container. Ends with 0 where the gateway is ready: it knows
// its routes and has loaded every champion. Plain JavaScript, as it runs every few seconds and starts in 50 ms.
const [address = ''] = process.argv.slice(2);
const ready = await fetch(new URL('/v2/health/ready', address), { signal: AbortSignal.timeout(4_000) }).then(
  ({ ok }) => ok,
  () => false,
);
if (!ready) process.stderr.write(`The gateway at ${address} is not ready.\n`);
process.exitCode = ready ? 0 : 1;
