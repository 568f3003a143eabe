package metrics

import "github.com/prometheus/client_golang/prometheus"

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("crossrank_"+name, help, labels, nil)
}

var (
	descModel = desc("model_info", "Always 1; the labels say what is served.",
		"model", "weights", "backend", "device", "tier", "quantization", "version")
	descReady    = desc("ready", "1 while the server takes requests, 0 while it starts or drains.")
	descThreads  = desc("engine_threads", "Cores that one batch is split over.")
	descRequests = desc("requests_total", "Requests that reached the scorer, by the code with which they ended.", "code")
	descRefused  = desc("edge_refusals_total",
		"Requests that an edge ended by itself: malformed, too large, unknown path, or an answer that could not be sent.", "edge", "code")
	descLatency = desc("request_duration_seconds", "Duration of requests that succeeded, from the edge to the answer.")
	descStage   = desc("stage_duration_seconds", "Time that requests that succeeded spent in each stage, as reported in their answers.", "stage")
	descSizes   = desc("request_pairs", "Pairs per request that succeeded.")
	descPairs   = desc("pairs_total", "Pairs scored.")
	descTokens  = desc("tokens_total", "Tokens computed for requests that succeeded, special tokens included.")
	descPadded  = desc("padded_tokens_total",
		"Tokens that would have been computed for the same requests with every pair padded to the longest of its batch.")
	descTruncated = desc("truncated_tokens_total", "Tokens cut off because a pair was too long.")
	descInFlight  = desc("requests_in_flight", "Requests inside the scorer.")

	descQueuedRequests = desc("queue_requests", "Requests with pairs that wait in the queue.")
	descQueuedPairs    = desc("queue_pairs", "Pairs that wait in the queue.")
	descQueuedTokens   = desc("queue_tokens", "Tokens that wait in the queue.")
	descOldest         = desc("queue_oldest_seconds", "Age of the oldest request in the queue; 0 if it is empty.")
	descRunningPairs   = desc("running_pairs", "Pairs in batches being computed.")
	descRunningTokens  = desc("running_tokens", "Tokens in batches being computed.")

	descBatchPairs  = desc("batch_pairs", "Pairs per batch.")
	descBatchTokens = desc("batch_tokens", "Tokens per batch.")
	descBatchPadded = desc("batch_padded_tokens_total", "Tokens that would have been computed with every pair padded to the longest of its batch.")
	descLongest     = desc("pair_tokens_max", "Tokens of the longest pair since the start.")

	descPrefixHits     = desc("prefix_hits_total", "Beginnings of pairs whose keys and values were kept from earlier batches, wholly or in part.")
	descPrefixMisses   = desc("prefix_misses_total", "Beginnings of pairs whose keys and values were not kept. Not counted where none are shared.")
	descPrefixTokens   = desc("prefix_shared_tokens_total", "Tokens that were not computed again, since pairs begin alike.")
	descPrefixes       = desc("prefixes", "Beginnings of pairs whose keys and values are kept.")
	descPrefixBytes    = desc("prefix_bytes", "Bytes that kept keys and values take.")
	descPrefixMaxBytes = desc("prefix_max_bytes", "Bytes that kept keys and values may take; 0 where none are shared.")

	descDeviceMemory = desc("device_memory_bytes", "Memory of the GPU that the server has allocated. Absent on the CPU.")
	descDeviceBusy   = desc("device_busy_seconds_total", "Time that the GPU has computed, by its own clock. Absent where it has none.")

	descGPUUsed  = desc("device_used_bytes", "Memory that all programs use of each GPU that models compute on, by its driver; of all GPUs, if it is not known which. Absent where the driver does not say.", "gpu", "name")
	descGPUTotal = desc("device_total_bytes", "Memory of each GPU that models compute on, by its driver.", "gpu", "name")
	descGPUBusy  = desc("device_busy_ratio", "Share of the last second or so in which each GPU that models compute on was busy for any program, by its driver.", "gpu", "name")

	descCacheHits      = desc("cache_hits_total", "Pairs, or windows of them, whose scores were in the cache.")
	descCacheCoalesced = desc("cache_coalesced_total", "Pairs, or windows of them, that waited for a score that was being computed.")
	descCacheMisses    = desc("cache_misses_total", "Pairs, or windows of them, that had to be computed. Not counted where no score is reused.")
	descCacheEvictions = desc("cache_evictions_total", "Scores removed from the cache to make room.")
	descCacheScores    = desc("cache_scores", "Scores in the cache.")
	descCacheBytes     = desc("cache_bytes", "Bytes that the scores in the cache take.")
	descCacheMaxBytes  = desc("cache_max_bytes", "Bytes that the scores in the cache may take; 0 without a cache.")

	descCascadeRequests = desc("cascade_requests_total", "Requests that were ranked in two stages, int8 and fp32. Not counted without a cascade.")
	descCascadePairs    = desc("cascade_pairs_total", "Pairs of requests that were ranked in two stages.")
	descCascadeRescored = desc("cascade_rescored_pairs_total", "Of those pairs, the ones that were computed in fp32 too, since they could be among the first.")
	descCascadeStages   = desc("cascade_stages_total", "Stages of those requests: two each, or more where the first pairs computed in fp32 left it open.")
	descCascadeWidened  = desc("cascade_widened_requests_total", "Of those requests, the ones in which an error of int8 was larger than the bound.")
	descCascadeBound    = desc("cascade_bound_logit", "Bound of the error of int8, as measured when the model opened; 0 without a cascade.")

	// The label is not called instance: that is Prometheus's own word for the server.
	descInstanceUp       = desc("instance_info", "Always 1; the label is the state of an engine instance.", "engine", "state")
	descInstanceBatches  = desc("instance_batches_total", "Batches that an engine instance ran.", "engine")
	descInstancePairs    = desc("instance_pairs_total", "Pairs that an engine instance computed.", "engine")
	descInstanceTokens   = desc("instance_tokens_total", "Tokens that an engine instance computed.", "engine")
	descInstanceBusy     = desc("instance_busy_seconds_total", "Time that an engine instance spent computing.", "engine")
	descInstanceThreads  = desc("instance_threads", "Cores that an engine instance splits a batch over.", "engine")
	descInstanceFailures = desc("instance_failures_total", "Runs of an engine instance that ended with an error or a panic.", "engine")
	descInstanceSpeed    = desc("instance_tokens_per_second",
		"Speed of an engine instance while busy, over about the last 10 s of busy time.", "engine")
	descInstanceQueuedPairs   = desc("instance_queue_pairs", "Pairs that wait for this engine instance alone.", "engine")
	descInstanceQueuedTokens  = desc("instance_queue_tokens", "Tokens that wait for this engine instance alone.", "engine")
	descInstanceRunningPairs  = desc("instance_running_pairs", "Pairs of the batch that an engine instance computes.", "engine")
	descInstanceRunningTokens = desc("instance_running_tokens", "Tokens of the batch that an engine instance computes.", "engine")

	descSteal     = desc("host_cpu_steal_seconds_total", "Time of this machine's cores that its host gave to other machines.")
	descThrottled = desc("cgroup_cpu_throttled_seconds_total", "Time that the CPU quota of the control group held the process back.")
)
