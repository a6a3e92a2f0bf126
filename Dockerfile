# Builds the packages, as `npm run pack:all` does anywhere.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY . .
RUN npm ci --ignore-scripts --no-audit --no-fund && npm run pack:all

# Installs the program from its file, with the drivers of both databases, and what sends measurements.
FROM node:24-bookworm-slim AS install
WORKDIR /opt/wirephoto
COPY --from=build /src/packed/wirephoto-[0-9]*.tgz ./
RUN npm install --omit=dev --no-audit --no-fund ./wirephoto-*.tgz pg@8.23.1 rethinkdb-ts@3.0.0 aws4fetch@1.0.20 @redis/client@6.3.1 \
    @opentelemetry/api@1.10.0 @opentelemetry/exporter-metrics-otlp-proto@0.301.0 @opentelemetry/resources@3.1.0 @opentelemetry/sdk-metrics@3.1.0 \
  && rm wirephoto-*.tgz

FROM node:24-bookworm-slim
COPY --from=install /opt/wirephoto /opt/wirephoto
RUN mkdir /data && chown node:node /data
USER node
WORKDIR /data
ENV NODE_ENV=production \
  WIREPHOTO_HOST=0.0.0.0 \
  WIREPHOTO_PORT=8000 \
  WIREPHOTO_DATA=/data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.WIREPHOTO_PORT + '/readyz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/opt/wirephoto/node_modules/wirephoto/bin/wirephoto.js"]
CMD ["serve"]
