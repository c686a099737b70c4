# The drop-in folder alone: for the OpenTelemetry Operator, init containers and image volumes.
#   npm ci && npm run build && docker build -t redhook .
FROM docker.io/library/busybox:1.37.0-musl AS busybox

FROM scratch
# Init containers run `cp`. It is static, because nothing else is here.
COPY --from=busybox --chmod=755 /bin/busybox /bin/cp
COPY --chmod=755 dist/autoinstrumentation /autoinstrumentation
ENV PATH=/bin
USER 65532:65532
