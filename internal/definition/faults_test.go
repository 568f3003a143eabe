package definition

import (
	"strings"
	"testing"
)

func TestFaults(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"experiment: {duration: 5s, repeats: 6}", ""},
		{"experiment: {arrival: {process: poisson, rate: 3, seed: 4}}", ""},
		{"experiment: {arrival: {process: gamma, rate: 3, shape: 0.5}}", ""},
		{"experiment: {arrival: {process: replay, trace: t.txt}}", ""},
		{"experiment: {arrival: {process: poisson}, objective: {percentile: 99, latency_ms: 50}}", ""},
		{"experiment: {duration: 20s, stability: {window: 5s, at_most: 60s}}", ""},
		{"experiment: {stability: {window: 5s}}", ""},
		{"experiment: {duration: 20s, stability: {at_most: 60s}}", "stability (line 2): needs a window"},
		{"experiment: {stability: {window: 5s, at_most: 60s}}", "stability.at_most (line 2): belongs to configurations that end by time"},
		{"experiment: {duration: 20s, stability: {window: 5s, at_most: 10s}}", "stability.at_most (line 2): is shorter"},
		{"experiment: {stability: {window: 5s}, arrival: {process: poisson}, objective: {percentile: 99, latency_ms: 50}}", "stability (line 2): cannot stand beside"},
		{"experiment: {arrival: {rate: 3}}", "arrival (line 2): a closed loop has no rate"},
		{"experiment: {arrival: {process: constant}}", "arrival.rate: constant arrivals need a rate"},
		{"experiment: {arrival: {process: gamma, rate: 1}}", "arrival.shape: belongs to gamma"},
		{"experiment: {arrival: {process: poisson, rate: 1, shape: 2}}", "arrival.shape (line 2): belongs to gamma"},
		{"experiment: {concurrency_levels: [1, 2], arrival: {process: constant, rate: 1}}", "concurrency_levels (line 2): an open loop has no workers"},
		{"experiment: {arrival: {process: replay}}", "arrival.trace: belongs to replay"},
		{"experiment: {objective: {percentile: 99, latency_ms: 50}}", "arrival.process: an objective is searched for with"},
		{"experiment: {arrival: {process: poisson}, objective: {percentile: 99}}", "objective (line 2): needs a percentile"},
		{"experiment: {arrival: {process: poisson, rate: 2}, objective: {percentile: 99, latency_ms: 5}}", "rate (line 2): cannot stand beside"},
		{"server: {deadline: 5m, limits: {documents: 5000}}", ""},
		{"server: {http_addr: '127.0.0.1:80'}", "server.http_addr (line 2): has no effect"},
		{"server: {api_keys_file: keys}", "server.api_keys_file (line 2): would keep the experiment out of its own server"},
		{"server: {tls: {cert: c, key: k}}", "server.tls (line 2): would keep"},
		{"target: {address: 'http://127.0.0.1:80', dialect: tei}", ""},
		{"target: {dialect: tei}", "target.dialect (line 2): belongs to a server that is already running"},
		{"target: {api_key_env: KEY}", "target.api_key_env (line 2): belongs to"},
		{"target: {address: 'http://127.0.0.1:80'}\nexperiment: {quality: {against: fp32}}", "against (line 3): compares servers that the"},
		{"target: {address: 'http://127.0.0.1:80'}\nmodel: m", "model (line 3): belongs to a server that the experiment starts"},
		{"target: {address: 'http://127.0.0.1:80'}\nbatching: {packing: true}", "batching (line 3): belongs to a server"},
		{"target: {address: 'http://127.0.0.1:80'}\nmodel_pool: {routing: first_idle}", "model_pool (line 3): belongs to a server"},
		{"target: {address: 'http://127.0.0.1:80'}\ncache: {max_bytes: 0}", "cache (line 3): belongs to a server"},
	} {
		checkFaults(t, "name: x\n"+c.text, c.want)
	}
	if why := Faults(Default()); len(why) != 1 || !strings.Contains(why[0], "needs a name") {
		t.Errorf("without a name: %q", why)
	}
}

// checkFaults wants one fault of a definition that contains a text, or none for "".
func checkFaults(t *testing.T, definition, want string) {
	t.Helper()
	s, err := Parse("f", []byte(definition))
	if err != nil {
		t.Errorf("%s: %v", definition, err)
		return
	}
	why := Faults(s)
	if want == "" && why != nil || want != "" && (len(why) != 1 || !strings.Contains(why[0], want)) {
		t.Errorf("%s: got %q, want %q", definition, why, want)
	}
}
