package results

// Quality is how good the scores are: how near to those of another precision, and how well they
// rank a judged collection. What was not asked for is nil.
type Quality struct {
	Configuration int       `json:"point"` // the first one of the server that was asked
	Set           []Setting `json:"set,omitempty"`
	Quantization  string    `json:"quantization"` // of the server's model

	Agreement *Agreement `json:"agreement,omitempty"`
	Judged    *Judged    `json:"judged,omitempty"`
	First     *First     `json:"first,omitempty"`
}

// Agreement compares logits with those of another precision for the same pairs.
type Agreement struct {
	Against         string       `json:"against"` // the other precision
	Pairs           int          `json:"pairs"`
	MaxAbsError     float64      `json:"max_abs_error"`
	MeanAbsError    float64      `json:"mean_abs_error"`
	StdDev          float64      `json:"std_dev"`          // of the other's logits: the measure of their differences
	RankCorrelation *float64     `json:"rank_correlation"` // Spearman's, over all pairs; null if there is none
	Top1            TopAgreement `json:"top_1"`
	Top10           TopAgreement `json:"top_10"`
}

// TopAgreement compares the best passages of each query that has more than that many.
type TopAgreement struct {
	Queries int      `json:"queries"` // that have enough passages
	Share   *float64 `json:"share"`   // of the best ones that both have, the mean over the queries; null without queries
}

// First compares the first of each request's ranking with those in another precision, where only
// the first were asked for.
type First struct {
	Against  string `json:"against"` // the other precision
	N        int    `json:"n"`       // how many were asked for
	Requests int    `json:"requests"`
	Same     int    `json:"same"`   // of these requests: the same first n in the same order
	Pairs    int    `json:"pairs"`  // of these requests
	Scored   int    `json:"scored"` // of these pairs: the others were omitted
}

// Judged is how well scores rank the candidates of a judged collection's queries. Figures are means
// over the queries that have a relevant document, whether or not it is among their candidates.
type Judged struct {
	Collection string  `json:"collection"` // the folder's name
	Hash       string  `json:"hash"`       // "sha256:…" of its files
	Queries    int     `json:"queries"`
	Candidates int     `json:"candidates"` // a query at most, the best of the first stage
	Pairs      int     `json:"pairs"`      // that were scored
	NDCG10     float64 `json:"ndcg_10"`
	MRR10      float64 `json:"mrr_10"`
	FirstNDCG  float64 `json:"first_stage_ndcg_10"` // of the candidates in the order of the first stage
	FirstMRR   float64 `json:"first_stage_mrr_10"`
	FirstStage string  `json:"first_stage,omitempty"` // the name of a run file; empty = BM25
}
