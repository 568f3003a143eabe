package main

import (
	"bytes"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
)

// TestFleet does to small servers, for a short time, what make fleet does. What shares they have is
// not for a test to say, but no request fails on any machine.
func TestFleet(t *testing.T) {
	if _, err := exec.LookPath("ip"); err != nil || runtime.GOOS != "linux" || os.Geteuid() != 0 {
		t.Skip("a fleet needs Linux, root, and ip of iproute2 for a network of its own")
	}
	if testing.Short() {
		t.Skip("takes about 40 s")
	}
	page, file := outputs(t)
	var log bytes.Buffer
	err := execute(t.Context(), []string{
		"fleet", "-program", program(t), "-results", file, "-page", page, "-slice", "1s", "-rate", "20", "-threads", "1",
	}, &log)
	if err != nil {
		t.Fatalf("%v; it said:\n%s", err, log.String())
	}
	t.Logf("it said:\n%s", log.String())
	records, err := readRecords(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range goals {
		i := slices.IndexFunc(records, func(r record) bool { return r.Goal == g.key })
		switch {
		case g.step != "fleet":
		case i < 0 || records[i].Note == "" || records[i].Partial:
			t.Errorf("%s: no whole record", g.key)
		case g.target == "0" && (records[i].Value != 0 || records[i].Fault != ""):
			t.Errorf("%s: %v requests failed: %s", g.key, records[i].Value, records[i].Fault)
		}
	}
}

// TestNames has the resolver of the standard library ask the server for names.
func TestNames(t *testing.T) {
	s, err := newNameServer()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	if got, err := s.resolver().LookupHost(t.Context(), "fleet.test"); err == nil {
		t.Errorf("a name without addresses: %q", got)
	}
	s.set(netip.MustParseAddr("198.18.0.10"), netip.MustParseAddr("198.18.0.11"))
	got, err := s.resolver().LookupHost(t.Context(), "fleet.test")
	slices.Sort(got)
	if want := []string{"198.18.0.10", "198.18.0.11"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q and %v, want %q", got, err, want)
	}
}

// TestShareOfTheSlow: the share of the first server with the margin of its counts.
func TestShareOfTheSlow(t *testing.T) {
	r := shareRecord([]int{100, 380, 420})
	if r.Value != 25 || r.Margin < 5 || r.Margin > 5.4 { // 1.96 · 25 · √(1/100 + 1/800)
		t.Errorf("got %v ± %v, want 25 ± 5.2", r.Value, r.Margin)
	}
}
