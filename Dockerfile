# One static binary, run by nobody in particular, on a root that may be read-only: only /data is written to.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/bid ./cmd/bid && mkdir -p /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/bid /bid
COPY --from=build --chown=nonroot:nonroot /out/data /data
ENV BID_DATA=/data BID_LISTEN=0.0.0.0:8080
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["/bid", "ready"]
ENTRYPOINT ["/bid"]
CMD ["serve"]
