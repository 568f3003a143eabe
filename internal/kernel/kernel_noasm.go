//go:build (!amd64 && !arm64) || purego

package kernel

// native holds the sets of this architecture that are not plain Go.
var native []*Set
