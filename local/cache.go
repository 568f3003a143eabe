package local

// Cache tells how a [Model] has shared scores since it was opened.
type Cache struct {
	Hits      int64 // pairs, or windows of them, whose scores were remembered
	Coalesced int64 // those that waited for a score that was being computed
	Misses    int64 // those that had to be computed
	Evictions int64 // scores forgotten to make room

	Scores   int64 // remembered
	Bytes    int64 // that they take
	MaxBytes int64 // that they may take
}

// Cache reads the counters; all are 0 if nothing is shared. It is cheap enough to be asked often.
func (m *Model) Cache() Cache { return Cache(m.pipeline.Cache()) }
