package metrics

// Resident is this process's resident memory in bytes, or nil where the system does not tell.
func Resident() *int64 { return resident() }
