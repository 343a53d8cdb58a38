# The gateway in an image of its own: one static program, the certificates of public authorities, and nothing
# else; no shell, and no user but 65532. README.md says how to run it ("In containers").

FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags "-s -w" -o /out/fieldgate .
RUN mkdir /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /src/LICENSE /LICENSE
COPY --from=build /out/fieldgate /fieldgate
# A volume takes over the owner of the folder that it lies upon.
COPY --from=build --chown=65532:65532 /out/data /data
ENV FIELDGATE_LISTEN=0.0.0.0:8080 \
    FIELDGATE_DATA=/data
USER 65532:65532
VOLUME /data
EXPOSE 8080
# It says whether the process lives; whether it can serve is /readyz. Nothing is mended by a restart because Redis is away.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/fieldgate", "healthcheck"]
ENTRYPOINT ["/fieldgate"]
