package server

// reservedFiles is how many files a server needs besides its connections: models while they are
// read, the log, keys, certificates, the tracer's connection.
const reservedFiles = 64

// checkFileLimit warns if the connections that the listeners accept could need more open files than
// the process may have. 0 means that the limit is not known. (The Go runtime has already raised the
// soft limit to the hard one.)
func checkFileLimit(cfg Config, listeners int, limit uint64) {
	needed := uint64(listeners)*uint64(cfg.Connections) + reservedFiles
	if limit == 0 || needed <= limit {
		return
	}
	cfg.Log.Warn("more connections are allowed than this process may have open; raise the limit on open files "+
		"(ulimit -Hn, LimitNOFILE= of systemd) or lower server.connections",
		"server.connections", cfg.Connections, "addresses", listeners, "needed_files", needed, "allowed_files", limit)
}
