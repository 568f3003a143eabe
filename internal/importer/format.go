package importer

import (
	"path/filepath"

	"github.com/crossrank/crossrank/internal/strictyaml"
)

// file is the Python project's format: the keys of all its versions, each with a value or, to be
// swept, a list.
type file struct {
	Defaults []group `yaml:"defaults"`

	Name        string `yaml:"name" sweep:"no"`
	Description string `yaml:"description" sweep:"no"`

	Model     model     `yaml:"model"`
	ModelPool modelPool `yaml:"model_pool"`

	TokenizerPool struct {
		Enabled               bool   `yaml:"enabled" sweep:"no"`
		NumWorkers            int    `yaml:"num_workers" min:"1"`
		ModelName             string `yaml:"model_name" sweep:"no"`
		TokenizersParallelism bool   `yaml:"tokenizers_parallelism"`
	} `yaml:"tokenizer_pool"`

	Batching struct {
		Enabled             bool    `yaml:"enabled"`
		MaxBatchSize        int     `yaml:"max_batch_size" min:"1"`
		TimeoutMS           float64 `yaml:"timeout_ms" min:"0"`
		LengthAware         bool    `yaml:"length_aware"`
		LengthAwareBatching bool    `yaml:"length_aware_batching"`
		SequencePacking     bool    `yaml:"sequence_packing"`
	} `yaml:"batching"`

	Pipeline struct {
		Enabled bool   `yaml:"enabled" sweep:"no"`
		Mode    string `yaml:"mode" oneof:"full,tokenization_only,inference_only"`
	} `yaml:"pipeline"`

	Scheduler struct {
		EnableLengthAwareBatching bool `yaml:"enable_length_aware_batching"`
		EnableStageTiming         bool `yaml:"enable_stage_timing" sweep:"no"`
	} `yaml:"scheduler"`

	Server struct {
		Host           string `yaml:"host" sweep:"no"`
		Port           int    `yaml:"port" sweep:"no"`
		GRPCPort       int    `yaml:"grpc_port" sweep:"no"`
		HTTPPort       int    `yaml:"http_port" sweep:"no"`
		PrometheusPort int    `yaml:"prometheus_port" sweep:"no"`
		GRPCWorkers    int    `yaml:"grpc_workers"`
	} `yaml:"server"`

	Screenshot struct {
		Enabled   bool   `yaml:"enabled" sweep:"no"`
		OutputDir string `yaml:"output_dir" sweep:"no"`
	} `yaml:"screenshot"`

	PrometheusURL string `yaml:"prometheus_url" sweep:"no"`

	Experiment struct {
		Name        string `yaml:"name" sweep:"no"`
		Description string `yaml:"description" sweep:"no"`

		BatchSizes         int     `yaml:"batch_sizes" min:"1"`
		ConcurrencyLevels  int     `yaml:"concurrency_levels" min:"1"`
		BenchmarkRequests  int     `yaml:"benchmark_requests" min:"1"`
		BenchmarkDurationS float64 `yaml:"benchmark_duration_s" min:"0"`
		WarmupIterations   int     `yaml:"warmup_iterations" min:"0"`
		PrefillRequests    int     `yaml:"prefill_requests" min:"0"`
		DatasetSize        int     `yaml:"dataset_size"`
	} `yaml:"experiment"`
}

// group names files of defaults, which hold the defaults of the Python project's code.
type group struct {
	ModelPool     string `yaml:"override /model_pool" sweep:"no"`
	TokenizerPool string `yaml:"override /tokenizer_pool" sweep:"no"`
	Batching      string `yaml:"override /batching" sweep:"no"`
	Pipeline      string `yaml:"override /pipeline" sweep:"no"`
	Server        string `yaml:"override /server" sweep:"no"`
}

// engine is what a model and an instance of a pool both say of how they compute.
type engine struct {
	Name         string `yaml:"name" sweep:"no"`
	Device       string `yaml:"device" oneof:"cpu,mps,cuda" sweep:"no"`
	Backend      string `yaml:"backend" oneof:"pytorch,mps,mlx,onnx,compiled,cuda,tensorrt"`
	Quantization string `yaml:"quantization" oneof:"fp32,fp16,int8,int4"`
	MaxLength    int    `yaml:"max_length" min:"1"`
	Compile      bool   `yaml:"compile"`
}

// model is the one model of a file without a pool. Each of the sections that is named after a
// backend belongs to that backend alone.
type model struct {
	engine `yaml:",inline"`

	Quantized        bool   `yaml:"quantized"`
	QuantizationMode string `yaml:"quantization_mode" oneof:"fp32,fp16,int8,int4"`

	MPS struct {
		FP16    bool `yaml:"fp16"`
		Compile bool `yaml:"compile"`
	} `yaml:"mps"`
	MLX struct {
		Bits      int `yaml:"bits"`
		GroupSize int `yaml:"group_size"`
	} `yaml:"mlx"`
	ONNX struct {
		Optimize bool `yaml:"optimize"`
		UseGPU   bool `yaml:"use_gpu"`
	} `yaml:"onnx"`
	Compiled struct {
		Mode string `yaml:"mode"`
		FP16 bool   `yaml:"fp16"`
	} `yaml:"compiled"`
}

type modelPool struct {
	Instances       []instance `yaml:"instances"`
	RoutingStrategy string     `yaml:"routing_strategy" oneof:"round_robin,least_busy,smart_idle"`
}

type instance struct {
	engine `yaml:",inline"`

	QuantizationBits int    `yaml:"quantization_bits"`
	UseFP16          bool   `yaml:"use_fp16"`
	CompileModel     bool   `yaml:"compile_model"`
	CompileMode      string `yaml:"compile_mode"`
	ONNXOptimize     bool   `yaml:"onnx_optimize"`
	ONNXUseCoreML    bool   `yaml:"onnx_use_coreml"`
}

// baseFile holds what all experiments of a folder have in common.
const baseFile = "base_config.yaml"

var schema = strictyaml.Schema[file]{
	Default: func() file { return file{} },
	Base: func(path string) string {
		if filepath.Base(path) == baseFile {
			return ""
		}
		return filepath.Join(filepath.Dir(path), baseFile)
	},
}
