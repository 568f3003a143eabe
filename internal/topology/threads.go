package topology

import "fmt"

// maxThreadsPerCore is where a number of threads is surely a mistake: each thread takes megabytes
// of memory, and more than one per core gain no speed.
const maxThreadsPerCore = 128

// CheckThreads reports whether a number of threads, over all instances, suits a machine with so
// many cores. More threads than cores give a warning, because they take turns and wait for each
// other within every batch. More than 128 per core give an error.
func CheckThreads(threads, cores int) (warning string, err error) {
	switch most := maxThreadsPerCore * cores; {
	case threads > most:
		return "", fmt.Errorf("threads: %d over all instances exceed the maximum of %d for %d cores; use %d",
			threads, most, cores, cores)
	case threads > cores:
		return fmt.Sprintf("threads: %d over all instances share %d cores and slow each other down; use %d",
			threads, cores, cores), nil
	}
	return "", nil
}
