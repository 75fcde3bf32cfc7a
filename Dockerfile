# The server, alone in an image: no shell, no root. It wants a DATABASE_URL, and a SNEAKERS23_SECRET and a
# SNEAKERS23_ADMIN_PASSWORD since it listens to others (in a cluster, SNEAKERS23_CLUSTER_LISTEN, like :6222, and more). These come when it is run: nothing secret is in
# the image. See docs/deploying.md.

FROM node:22-bookworm-slim AS scripts
WORKDIR /src/assets
COPY assets/package.json assets/package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=scripts /src/assets/node_modules assets/node_modules
# VERSION is what `sneakers23 version` tells; without it, "development"
ARG VERSION=
RUN go run ./assets/build && \
    CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags "-s -w -X main.release=$VERSION" -o /out/usr/local/bin/sneakers23 ./cmd/sneakers23 && \
    mkdir -p /out/data /out/etc/ssl/certs && cp /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/

FROM scratch
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/etc /etc
COPY --from=build /out/usr /usr
USER 65532:65532
ENV PATH=/usr/local/bin \
    SNEAKERS23_LISTEN=:4000 \
    SNEAKERS23_DATA_DIR=/data
EXPOSE 4000 6222
# That the node answers commands; who sends it requests asks for /readyz.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["sneakers23", "nodes"]
ENTRYPOINT ["sneakers23"]
CMD ["serve"]
