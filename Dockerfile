# One static program and the certificates it needs to trust Discord and Slack;
# no shell, nothing else. It runs as a user without rights.
#
#   docker build -t waymark .
#   docker run -v waymark:/data -e WAYMARK_DISCORD_TOKEN_FILE=/data/token -p 8085:8085 waymark
#   docker run -p 8086:8086 waymark demo --listen 0.0.0.0:8086
#
# An orchestrator finds /healthz (the program runs) and /readyz (it is
# connected and can keep what it must) on port 8085.

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=""
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/waymark ./cmd/waymark \
 && mkdir -m 0700 /out/data && mkdir -m 1777 /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/waymark /waymark
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build --chown=65532:65532 /out/tmp /tmp
USER 65532:65532
WORKDIR /data
VOLUME /data
ENV WAYMARK_HTTP_LISTEN=0.0.0.0:8085
EXPOSE 8085
ENTRYPOINT ["/waymark"]
CMD ["run"]
