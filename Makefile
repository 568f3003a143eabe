# Everything works from a fresh clone; what is missing comes from the Go module proxy.
GO ?= go

.PHONY: build demo test lint bench generate clean

build: ## the binary, in bin/
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/crossrank ./cmd/crossrank

generate: ## wire messages (needs protoc)
	@mkdir -p bin
	$(GO) build -o bin/ google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
	PATH="$(CURDIR)/bin:$$PATH" protoc -I proto --go_out=proto --go_opt=paths=source_relative \
		--go-grpc_out=proto --go-grpc_opt=paths=source_relative crossrank/v1/rerank.proto inference/inference.proto
