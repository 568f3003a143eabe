# Everything works from a fresh clone; what is missing comes from the Go module proxy.
GO ?= go
COUNT ?= 1

# Families of assembly kernels: internal/kernel/_asm writes FAMILY_amd64.s and FAMILY_stubs_amd64.go for each. A new one is
# made with make generate-asm KERNELS=FAMILY and is found from then on;
# its directory arm64 writes FAMILY_arm64.s and FAMILY_stubs_arm64.go likewise.
KERNELS ?= $(patsubst internal/kernel/%_stubs_amd64.go,%,$(wildcard internal/kernel/*_stubs_amd64.go))
KERNELS_ARM64 ?= $(patsubst internal/kernel/%_stubs_arm64.go,%,$(wildcard internal/kernel/*_stubs_arm64.go))

# Packages whose plain Go twins must pass wherever the assembly does.
PUREGO := ./internal/cpu/... ./internal/kernel/... ./internal/native/...

# Packages with goroutines of their own.
CONCURRENT := ./client/... ./cmd/... ./local/... ./internal/batch/... ./internal/cache/... ./internal/dashboard/... \
	./internal/edge/... ./internal/experiment/... ./internal/faultproxy/... ./internal/framewatch/... ./internal/grpcapi/... \
	./internal/httpapi/... ./internal/hub/... ./internal/job/... ./internal/load/... ./internal/metrics/... ./internal/native/... \
	./internal/pipeline/... ./internal/pool/... ./internal/queue/... ./internal/scorertest/... ./internal/scoring/... ./internal/server/... \
	./internal/serverproc/... ./internal/serving/... ./internal/trace/...

.PHONY: build demo reports test test-unit test-purego test-arm64 test-emulated test-amd64 test-processors test-race test-with-races test-clients test-s3 test-helm manifests test-tokenizers test-devices test-libraries not-tested lint bench peers peers-docs families soak chaos fleet job-faults job-dry generate generate-asm generate-proto release-files clean

build: ## the program, in bin/
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/crossrank ./cmd/crossrank

demo: build ## measure the built-in model through a real server, about a minute on two cores
	bin/crossrank experiment run experiments/01_engine_fp32.yaml -o demo
	@test -s demo/01_engine_fp32_results.md

reports: build ## every report, chart and the summary of experiments/results from the results files there
	bin/crossrank report --all experiments/results

# A time limit only ends a test that hangs, whatever else the machine does meanwhile.
GOTEST = $(GO) test -timeout 40m

test: test-unit test-purego test-arm64 test-amd64 test-race test-clients test-s3 test-helm test-tokenizers test-devices ## all tests; the last lines say what did not run and why
	@$(MAKE) --no-print-directory not-tested
	@echo "make test: all tests that ran have passed"

test-unit:
	$(GOTEST) ./...
	cd internal/kernel/_asm && $(GOTEST) -count 1 ./...

test-purego: ## without assembly
	$(GOTEST) -tags purego $(PUREGO)

# Packages with arm64 kernels and what stands on them, tested on an emulated CPU that has all instructions and on one that has few.
QEMU ?= qemu-aarch64
EMULATED = GOARCH=arm64 CGO_ENABLED=0 $(GOTEST) -short -count 1

test-arm64: ## the arm64 kernels, emulated by qemu-user; a minute or two on two cores
	@! command -v $(QEMU) >/dev/null || $(MAKE) --no-print-directory test-emulated

test-emulated:
	CPU_TEST_TIERS="neon-bf16 neon-i8mm neon-dotprod neon generic" $(EMULATED) -exec "$(QEMU) -cpu max" ./internal/cpu ./internal/kernel ./internal/native
	CPU_TEST_TIERS="neon generic" $(EMULATED) -exec "$(QEMU) -cpu cortex-a53" ./internal/cpu ./internal/kernel

# A program that runs a static linux/amd64 program on a processor which this machine does not have: EMU -cpu MODEL
# -env N=V PROGRAM ARGUMENTS. EMULATOR is where its sources lie.
EMULATOR ?= ../shared/emulator
EMU ?= $(HOME)/.cache/emu/emu
ON = CGO_ENABLED=0 $(GOTEST) -short -count 1 -exec

test-amd64: ## tiers of processors that this machine does not have, emulated; two or three minutes on two cores
	@! test -x "$(EMU)" || $(MAKE) --no-print-directory test-processors

test-processors:
	$(ON) "$(EMU) -cpu sapphire_rapids -env CROSSRANK_CPU=avx512-vnni" -run 'Guard(Tiles|Pairs|Quantize|HalfTiles|Activations|Softmax)|Int.*TiersAgree|Int8Column|FullRange8' ./internal/kernel
	$(ON) "$(EMU) -cpu sapphire_rapids -env CROSSRANK_CPU=avx512-bf16" -run 'Dot|RoundPairs' ./internal/kernel
	$(ON) "$(EMU) -cpu tigerlake" -run '(Float32|Activation|Softmax)TiersAgree' ./internal/kernel
	$(ON) "$(EMU) -cpu corei7_skylake_x -env CROSSRANK_CPU=avx512" -run 'Guard(Activations|Softmax|Quantize)|TestMatMul$$|TestHalf' ./internal/kernel
	$(ON) "$(EMU) -cpu arrow_lake -env CROSSRANK_CPU=avxvnni" -run 'GuardTiles.|Int.*TiersAgree|Int8Column|FullRange8|TestMatMul8Wide' ./internal/kernel
	$(ON) "$(EMU) -cpu sapphire_rapids -env CROSSRANK_CPU=amx" -run 'Block|Planes|Split|Dot(Tiers|Rows)' ./internal/kernel
	$(ON) "$(EMU) -cpu sapphire_rapids -without amx,amx_int8,amx_bf16" -run 'TestForwardAgreesWithFloat64/hidden=7|TestInt8IsNearFloat' ./internal/native
	$(ON) "$(EMU) -cpu sapphire_rapids -env 'CPU_TEST_TIERS=amx avx512-bf16 avx512-vnni avx512 avxvnni avx2 generic'" -run Tiers ./internal/cpu
	$(ON) "$(EMU) -cpu tigerlake -env 'CPU_TEST_TIERS=avx512-vnni avx512 avx2 generic'" -run Tiers ./internal/cpu
	$(ON) "$(EMU) -cpu corei7_skylake_x -env 'CPU_TEST_TIERS=avx512 avx2 generic'" -run Tiers ./internal/cpu
	$(ON) "$(EMU) -cpu arrow_lake -env 'CPU_TEST_TIERS=avxvnni avx2 generic'" -run Tiers ./internal/cpu
	$(ON) "$(EMU) -cpu core2_penryn_t9600 -env CPU_TEST_TIERS=generic" -run Tiers ./internal/cpu

test-race: ## under the race detector, which needs a C compiler
	@! command -v $(CC_FOR_RACES) >/dev/null || $(MAKE) --no-print-directory test-with-races

CC_FOR_RACES = $$($(GO) env CC)

test-with-races:
	CGO_ENABLED=1 $(GOTEST) -race -short $(CONCURRENT)

NPM_INSTALL = { ! command -v npm >/dev/null || npm install --silent --no-progress; }

test-clients: ## clients of other makers against a server; those for Node.js where npm is
	cd test/clients && $(NPM_INSTALL) && $(GOTEST) -count 1 ./...

test-s3: ## jobs whose input and output are on S3, against a server of another maker in the test
	cd test/s3 && $(GOTEST) -count 1 ./...

test-helm: ## the chart of deploy/helm, and that deploy/kubernetes is rendered from it
	cd test/helm && $(GOTEST) -count 1 ./...

manifests: ## deploy/kubernetes, from the chart of deploy/helm
	cd test/helm && $(GO) test -count 1 -run TestPlainManifests . -args -update

test-tokenizers: ## tokenizers against the Hugging Face library, where npm is; TOKENIZER_TEXTS=50000 compares more texts
	cd test/tokenizers && $(NPM_INSTALL)
	$(GOTEST) -count 1 -run TestLibrary ./internal/checkpoint

# Packages whose backends compute in libraries of other makers. npm has the libraries.
DEVICES := ./internal/dynlib/... ./internal/onnx/... ./internal/backend/...
ONNX_LIB = $(firstword $(wildcard $(CURDIR)/test/devices/node_modules/onnxruntime-node/bin/napi-v6/$(DEVICES_ON)/libonnxruntime.*))
DEVICES_ON = $(subst linux/amd64,linux/x64,$(shell $(GO) env GOOS)/$(shell $(GO) env GOARCH))

# The devices of webgpu are Vulkan drivers that compute on the CPU, which test/devices/drivers.sh unpacks on Debian: an older one for
# npm's Dawn, and one with matrix units beside Debian's own Dawn, whose webgpu.h is the stable one.
DEVICES += ./internal/webgpu/... ./internal/gpustat
WEBGPU_LIB = $(wildcard $(CURDIR)/test/devices/node_modules/bun-webgpu-linux-x64/libwebgpu_wrapper.so)
MESA = $(CURDIR)/test/devices/mesa
DAWN = $(CURDIR)/test/devices/dawn/run

test-devices: ## backends in libraries of other makers, where npm is
	cd test/devices && $(NPM_INSTALL)
	@! command -v npm >/dev/null || $(MAKE) --no-print-directory test-libraries

IN_LIBRARIES = CROSSRANK_ONNX_LIB="$(ONNX_LIB)" CROSSRANK_WEBGPU_LIB="$(WEBGPU_LIB)" $(if $(wildcard $(MESA)/lvp_icd.json),\
	LD_LIBRARY_PATH="$(MESA)" VK_DRIVER_FILES="$(MESA)/lvp_icd.json") $(GOTEST) -count 1 -tags gpu

test-libraries:
	$(IN_LIBRARIES) -short $(DEVICES)
	! test -e "$(DAWN)" || $(GOTEST) -count 1 -tags gpu -exec "$(DAWN)" -short ./internal/webgpu
	$(IN_LIBRARIES) -run 'TestScripts/backend|InONNX|TestBackendsAreScorers|OnADevice' ./cmd/crossrank ./local

# One line for each part of the tests that this machine cannot run, and how to make it run.
not-tested:
	@skipped() { echo "NOT TESTED: $$1; to test it: $$2"; }; \
	has() { for program in "$$@"; do command -v "$$program" >/dev/null && return; done; return 1; }; \
	has $(QEMU) || skipped "the arm64 kernels" "apt-get install qemu-user"; \
	has as || skipped "instructions of x86-64 that are encoded here" "apt-get install binutils"; \
	has aarch64-linux-gnu-as || skipped "instructions of arm64 that are encoded here" "apt-get install binutils-aarch64-linux-gnu"; \
	test -x "$(EMU)" || { \
		emulator="$(EMULATOR)/setup.sh $(dir $(EMU)), if the emulator is there"; \
		grep -qw avx512_vnni /proc/cpuinfo 2>/dev/null || skipped "the AVX-512 kernels" "$$emulator"; \
		skipped "the AVX-VNNI and AMX kernels" "$$emulator"; \
		skipped "which tiers other x86-64 processors get" "$$emulator"; }; \
	has "$(CC_FOR_RACES)" || skipped "data races" "apt-get install gcc libc6-dev"; \
	{ has node && has npm; } || skipped "clients for Node.js, the tokenizers against another library, and backends in libraries of other makers" "apt-get install nodejs npm"; \
	test -e "$(MESA)/lvp_icd.json" || skipped "the shaders of the webgpu backend" "test/devices/drivers.sh, after apt-get install mesa-vulkan-drivers npm"; \
	test -e "$(DAWN)" || skipped "the stable webgpu.h, and products on matrix units" "test/devices/drivers.sh, on Debian"; \
	has chromium chromium-browser chromium-headless-shell google-chrome google-chrome-stable || \
		skipped "the dashboard and reports in a browser" "apt-get install chromium"; \
	has curl || skipped "the commands of docs/quickstart.md and docs/models.md" "apt-get install curl"; \
	{ has ip && test "$$(id -u)" = 0; } || skipped "a fleet of servers and workers of a job in networks of their own, and a full disk" "apt-get install iproute2, and run it as root"; \
	has promtool || skipped "rules and alerts for Prometheus" "apt-get install prometheus"; \
	test -d "$(MATERIAL)" || skipped "agreement with published data" "put the test data at $(MATERIAL)"

lint: ## formatting, go fix, vet on four systems, staticcheck
	@unformatted=$$("$$($(GO) env GOROOT)/bin/gofmt" -l .) || exit 1; \
		test -z "$$unformatted" || { echo "gofmt would change: $$unformatted"; exit 1; }
	GOOS=linux GOARCH=amd64 $(GO) vet ./...
	GOOS=linux GOARCH=arm64 $(GO) vet ./...
	GOOS=darwin GOARCH=arm64 $(GO) vet ./...
	GOOS=windows GOARCH=amd64 $(GO) vet ./...
	$(GO) vet -tags purego ./...
	$(GO) vet -tags gpu ./...
	$(GO) fix -diff ./...
	$(GO) tool staticcheck ./...
	$(GO) tool staticcheck -tags gpu $(DEVICES)

bench: ## Go benchmarks, fit for benchstat: make bench COUNT=10 > new.txt
	@$(GO) test -run '^$$' -bench . -count $(COUNT) ./...

# Where the peer, its data and, if there is one already, the model lie; PEERS_FLAGS="-rounds 1 -requests 2 -check 64" is quick.
PEER ?= ../shared/peers/onnxruntime
MATERIAL ?= ../shared/material
PEER_MODEL ?=
PEERS_FLAGS ?=
FAMILY ?=

peers: ## measure beside ONNX Runtime, about 20 minutes; writes docs/peers.jsonl and what is made from it; FAMILY=xlmr measures one family
	$(GO) run ./internal/tools/peers -peer "$(PEER)" -material "$(MATERIAL)" -model "$(PEER_MODEL)" \
		$(if $(FAMILY),-family $(FAMILY) -check 32 -requests 3 -rounds 3) $(PEERS_FLAGS)
	$(if $(FAMILY),$(GO) run ./internal/tools/families -render)

peers-docs: ## docs/performance.md and README.md from docs/peers.jsonl
	$(GO) run ./internal/tools/peers -render

families: ## compute the fixtures of all families; writes docs/families/errors.jsonl and the table in docs/models.md
	$(GO) run ./internal/tools/families -material "$(MATERIAL)"

# SOAK_FLAGS="-duration 3m" is quick; CHAOS_FLAGS="-only overload,sigterm -slice 6s" runs a part, and go run
# ./internal/tools/reliability chaos -h lists all flags.
SOAK_FLAGS ?=
CHAOS_FLAGS ?=

soak: build ## a steady load on a real server, about 10 minutes; writes docs/reliability.jsonl and what is made from it
	$(GO) run ./internal/tools/reliability soak $(SOAK_FLAGS)

chaos: build ## overload, abuse, faults and signals, about 10 minutes; writes the same files
	$(GO) run ./internal/tools/reliability chaos $(CHAOS_FLAGS)

FLEET_FLAGS ?=

fleet: build ## several servers in network namespaces behind a client, about 4 minutes, as root; writes the same files
	$(GO) run ./internal/tools/reliability fleet $(FLEET_FLAGS)

# JOB_FLAGS="-rows 100000 -kills 5" is quick; go run ./internal/tools/jobchaos faults -h lists all flags.
JOB_FLAGS ?=

job-faults: build ## a job with processes that are killed, a cut network and a full disk, about 10 minutes; as root for the last two; writes docs/scale.jsonl and what is made from it
	$(GO) run ./internal/tools/jobchaos faults $(JOB_FLAGS)

job-dry: build ## a job of 100 million rows whose scores cost nothing, about half an hour and 10 GB in the temporary directory; writes the same files
	$(GO) run ./internal/tools/jobchaos dry $(JOB_FLAGS)

generate: generate-asm generate-proto ## everything that is generated

generate-asm: ## assembly, from internal/kernel/_asm
	cd internal/kernel/_asm && for op in $(KERNELS); do \
		$(GO) run . -op $$op -out ../$${op}_amd64.s -stubs ../$${op}_stubs_amd64.go -pkg kernel || exit 1; \
	done
	cd internal/kernel/_asm && for op in $(KERNELS_ARM64); do $(GO) run ./arm64 -op $$op || exit 1; done

generate-proto: ## wire messages; needs protoc
	@mkdir -p bin
	$(GO) build -o bin/ google.golang.org/protobuf/cmd/protoc-gen-go google.golang.org/grpc/cmd/protoc-gen-go-grpc
	PATH="$(CURDIR)/bin:$$PATH" protoc -I proto --go_out=proto --go_opt=paths=source_relative \
		--go-grpc_out=proto --go-grpc_opt=paths=source_relative crossrank/v1/rerank.proto inference/inference.proto

release-files: build ## man pages and shell completions, in bin/release; goreleaser packs them, see .goreleaser.yaml
	rm -rf bin/release && mkdir -p bin/release/man bin/release/completions
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) bin/crossrank manual bin/release/man
	bin/crossrank completion bash > bin/release/completions/crossrank.bash
	bin/crossrank completion zsh > bin/release/completions/_crossrank
	bin/crossrank completion fish > bin/release/completions/crossrank.fish

clean: ## what the other targets made
	rm -rf bin demo dist
