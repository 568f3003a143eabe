package metrics

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// prefersJSON reports whether a request names JSON, and no format of Prometheus before it. Without
// a preference the answer is for Prometheus.
func prefersJSON(r *http.Request) bool {
	json, others := 0.0, 0.0
	for part := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				continue
			}
		}
		switch kind {
		case "application/json":
			json = max(json, q)
		case "text/plain", "application/openmetrics-text", "application/vnd.google.protobuf":
			others = max(others, q)
		}
	}
	return json > 0 && json >= others
}
