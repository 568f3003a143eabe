package webgpu

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/crossrank/crossrank/internal/network/sample"
)

// TestTiles computes the products of a block with each tile, of numbers of rows around the sizes of
// tiles: the bits are those of the default. Short runs leave fp16 out, as compiling takes long.
func TestTiles(t *testing.T) {
	testLibrary(t)
	n := small()
	for _, precision := range Precisions {
		if testing.Short() && precision == FP16 {
			continue
		}
		s := open(t, n, Options{Precision: precision}).session
		s.rows = 130
		p := &planner{session: s}
		p.allocate()
		steps, ops := s.steps, s.opData
		compute := func(tile productTile, rows int) (out []byte) {
			s.steps, s.opData = nil, nil
			defer func() { s.steps, s.opData = steps, ops }()
			if err := (&tuner{planner: p}).productsOf(tile); err != nil {
				t.Fatal(err)
			}
			s.ops.write(0, bytesOf(s.opData))
			for _, b := range []*buffer{p.h, p.context, p.qkv, p.up} {
				b.write(0, someBytes(int(b.size)))
			}
			if _, err := s.timeOf(rows); err != nil {
				t.Fatal(err)
			}
			for _, b := range []*buffer{p.qkv, p.h, p.up} {
				out = append(out, s.bytesIn(t, b)...)
			}
			return out
		}
		want := map[int][]byte{}
		for _, tile := range append([]productTile{s.smallTile()}, s.tiles()...) {
			if !tile.fits(&s.adapter.limits) {
				t.Logf("%v is too large for this device", tile)
				continue
			}
			for _, rows := range []int{1, 33, 127, 129} {
				got := compute(tile, rows)
				if want[rows] == nil {
					want[rows] = got
				}
				if !bytes.Equal(got, want[rows]) {
					t.Errorf("%s, %v: other bits of %d rows than those of the default", precision, tile, rows)
				}
			}
		}
	}
}

// someBytes are small numbers in both precisions.
func someBytes(n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(0x30 + (i*7919)%7)
	}
	return out
}

// bytesIn reads a buffer of the device.
func (s *session) bytesIn(t *testing.T, b *buffer) []byte {
	t.Helper()
	to, err := s.allocate("a copy", int(b.size), usageMapRead|usageCopyTarget)
	if err != nil {
		t.Fatal(err)
	}
	defer to.release()
	encoder := call(s.lib.DeviceCreateCommandEncoder, uintptr(s.device.device), 0)
	call(s.lib.CommandEncoderCopyBufferToBuffer, encoder, uintptr(b.handle), 0, uintptr(to.handle), 0, uintptr(b.size))
	commands := []uintptr{call(s.lib.CommandEncoderFinish, encoder, 0)}
	call(s.lib.CommandEncoderRelease, encoder)
	call(s.lib.QueueSubmit, uintptr(s.queue), 1, uintptr(unsafe.Pointer(&commands[0])))
	call(s.lib.CommandBufferRelease, commands[0])
	number, replies := await()
	future := s.lib.BufferMapAsync(uintptr(to.handle), mapRead, 0, uintptr(to.size), callbackInfo{
		mode: modeProcessEvents, callback: newCallbacks().mapped, userdata1: number,
	})
	if r, err := s.wait(future, replies); err != nil || r.status != statusSuccess {
		t.Fatalf("reading a buffer: %+v, %v", r, err)
	}
	at := call(s.lib.BufferGetConstMappedRange, uintptr(to.handle), 0, uintptr(to.size))
	return bytes.Clone(unsafe.Slice((*byte)(fromC(at)), to.size))
}

// TestTuning: the times of tiles are measured within a budget, kept, and completed at later starts;
// a file that is damaged or of another version is written anew.
func TestTuning(t *testing.T) {
	testLibrary(t)
	n, dir := small(), filepath.Join(t.TempDir(), "new", "folder")
	seqs := sample.Sequences(1, n, 5, 20, 70, 100, 100) // more tokens than fewRows, and each has fewer
	want := logits(t, open(t, n, Options{}), seqs)
	start := func(budget time.Duration, nowhere error) string {
		t.Helper()
		e := open(t, n, Options{tuning: &tuning{budget: budget, dir: dir, nowhere: nowhere, onCPU: true}})
		defer e.Close()
		if got := logits(t, e, seqs); !slices.Equal(got, want) {
			t.Errorf("with %s: got %v, want %v", e.Tuning(), got, want)
		}
		if alone := logits(t, e, seqs[3:4])[0]; alone != want[3] {
			t.Errorf("with %s: got %v alone, want %v", e.Tuning(), alone, want[3])
		}
		return e.Tuning()
	}
	check := func(what, got string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: got %q, want %q in it", what, got, w)
			}
		}
	}
	check("without a budget", start(0, nil), "the fastest of 1 of ", ", 1 of them measured in ")
	check("the second start", start(0, nil), "the fastest of 2 of ", ", 1 of them measured in ")
	check("with a budget", start(time.Hour, nil), " of them measured in ")
	files, err := filepath.Glob(filepath.Join(dir, "webgpu-*.json"))
	if err != nil || len(files) != 1 {
		t.Fatalf("got the files %v, %v, want one", files, err)
	}
	check("when all are known", start(0, nil), " by "+files[0])
	if err := os.WriteFile(files[0], []byte(`{"key": 7}`), 0o666); err != nil {
		t.Fatal(err)
	}
	check("a damaged file", start(0, nil), "the fastest of 1 of ", files[0]+" is written anew: it is damaged: ")
	check("then", start(0, nil), "the fastest of 2 of ")
	check("without a folder", start(0, errors.New("no home")), "the fastest of 1 of ", "the times are not kept: no home")
	dir = filepath.Join(files[0], "folder")
	check("a folder that cannot be made", start(0, nil), "the fastest of 1 of ", "the times are not kept: ")
}

// TestTuningIsKept: a device that is opened anew computes as before, without measuring again, and a
// network that is too small is not measured at all.
func TestTuningIsKept(t *testing.T) {
	testLibrary(t)
	n := small()
	e := open(t, n, Options{tuning: &tuning{nowhere: errors.New("not in tests"), onCPU: true}})
	seqs := sample.Sequences(1, n, 5, 20)
	want, before := logits(t, e, seqs), e.Tuning()
	lose(e)
	_ = e.Logits(seqs, make([]float32, 2)) // it fails or finds the device lost
	if got := logits(t, e, seqs); !slices.Equal(got, want) || e.Tuning() != before || e.reopens != 1 {
		t.Errorf("opened anew %d times: got %v by %q, want %v by %q", e.reopens, got, e.Tuning(), want, before)
	}
	if got := open(t, n, Options{}).Tuning(); !strings.Contains(got, "the products are too small to measure") {
		t.Errorf("a small network: got %q", got)
	}
	e = open(t, n, Options{tuning: &tuning{nowhere: errors.New("not in tests")}})
	if got := e.Tuning(); e.session.adapter.cpu && !strings.Contains(got, "a device on the CPU is not measured") {
		t.Errorf("a CPU: got %q", got)
	}
}

// aKey is the key of a small network on a device that does not exist.
func aKey(t testing.TB) tuningKey {
	m, err := newModel(small(), false, DeviceGPU)
	if err != nil {
		t.Fatal(err)
	}
	return m.tuningKey(&device{adapter: adapter{name: "a GPU", driver: "of version 1", backend: "Vulkan"}})
}

// TestTunedFile reads files of all kinds.
func TestTunedFile(t *testing.T) {
	k, path := aKey(t), filepath.Join(t.TempDir(), "a", "file.json")
	if times, err := k.read(path, threadTiles); err != nil || len(times) != 0 {
		t.Errorf("no file: got %v, %v", times, err)
	}
	times := map[productTile]time.Duration{threadTiles[0]: 5, threadTiles[2]: 7}
	if err := k.write(path, times); err != nil {
		t.Fatal(err)
	}
	if got, err := k.read(path, threadTiles); err != nil || len(got) != 2 || got[threadTiles[2]] != 7 {
		t.Errorf("got %v, %v, want %v", got, err, times)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, want string }{
		"another driver":    {"of version 1", "of version 2", "another device or version"},
		"another precision": {"fp32", "fp16", "another device or version"},
		"another network":   {" 144,", " 148,", "another device or version"},
		"an unknown tile":   {"128×64", "128×65", "the time of"},
		"a time of 0":       {": 7", ": 0", "the time of"},
		"a time below 0":    {": 7", ": -7", "the time of"},
		"an unknown key":    {`"driver"`, `"drive"`, "it is damaged"},
		"an early end":      {"}\n}", "", "it is damaged"},
	} {
		changed := strings.Replace(string(text), c.from, c.to, 1)
		if got, err := k.parse([]byte(changed), threadTiles); err == nil || !strings.Contains(err.Error(), c.want) || len(got) != 0 || changed == string(text) {
			t.Errorf("%s: got %v, %v, want %q", name, got, err, c.want)
		}
	}
	other := k
	other.Layers = [][2]int{{1, 2}}
	if other.path("") == k.path("") || k.path("") != aKey(t).path("") {
		t.Error("files of different keys have one name, or those of one key have several")
	}
}

// FuzzTunedFile: whatever a file has, its times are those of tiles.
func FuzzTunedFile(f *testing.F) {
	k, path := aKey(f), filepath.Join(f.TempDir(), "file.json")
	if err := k.write(path, map[productTile]time.Duration{threadTiles[0]: 5}); err != nil {
		f.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"key":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		times, err := k.parse(text, threadTiles)
		for tile, took := range times {
			if err != nil || took <= 0 || !slices.Contains(threadTiles, tile) {
				t.Errorf("got %v of %v, %v", took, tile, err)
			}
		}
	})
}

// TestDefaultTileFits: every device of WebGPU has what the default needs.
func TestDefaultTileFits(t *testing.T) {
	least := &limits{workgroupStorage: 16384, invocationsPerWorkgroup: 256, workgroupSizeX: 256, workgroupSizeY: 256}
	if !threadTiles[0].fits(least) || threadTiles[4].fits(least) {
		t.Errorf("%v must fit, and %v not", threadTiles[0], threadTiles[4])
	}
}

// TestFewRows: products of few rows are divided by a small tile, whatever tile was measured to be
// the fastest, with the same bits.
func TestFewRows(t *testing.T) {
	testLibrary(t)
	n, dir := small(), t.TempDir()
	seqs := sample.Sequences(1, n, 5, 100, 140, 100)
	for _, precision := range Precisions {
		s := open(t, n, Options{Precision: precision}).session
		key, times := s.m.tuningKey(s.device), map[productTile]time.Duration{}
		var chosen productTile
		for _, tile := range s.tiles() {
			if tile.fits(&s.adapter.limits) {
				times[tile] = time.Second
				if tile != s.smallTile() {
					chosen = tile
				}
			}
		}
		times[chosen] = time.Microsecond
		if err := key.write(key.path(dir), times); err != nil {
			t.Fatal(err)
		}
		e := open(t, n, Options{Precision: precision, tuning: &tuning{dir: dir, onCPU: true}})
		few := 0
		for _, st := range e.session.steps {
			if st.few != nil && st.few.across != st.across {
				few++
			}
		}
		if got := e.session.m.tuned.tile; got != chosen || few == 0 {
			t.Errorf("%s: got the tile %v, and %d products that are divided otherwise for few rows; want %v", precision, got, few, chosen)
		}
		batch := logits(t, e, seqs)
		for i := range seqs {
			if alone := logits(t, e, seqs[i:i+1])[0]; alone != batch[i] {
				t.Errorf("%s, %d tokens: %g alone, %g in a batch of more than %d", precision, len(seqs[i].IDs), alone, batch[i], fewRows)
			}
		}
	}
}

// TestCompareTiles: a tile for many rows that has other scores than the one for few is not used.
func TestCompareTiles(t *testing.T) {
	testLibrary(t)
	n := small()
	e := open(t, n, Options{tuning: &tuning{nowhere: errors.New("not in tests"), budget: time.Hour, onCPU: true}})
	s := e.session
	for i, st := range s.steps {
		if st.few == nil && st.tile > 1 && st.count == rows { // the small tile was the fastest
			few := st
			s.steps[i].few = &few
		}
	}
	seqs := sample.Sequences(1, n, 5, 140, 140)
	want := logits(t, e, seqs)
	if err := s.compareTiles(); err != nil || !slices.ContainsFunc(s.steps, func(st step) bool { return st.few != nil }) {
		t.Fatalf("right tiles: got %v, or they are not used", err)
	}
	for i := range s.steps {
		if s.steps[i].few != nil {
			s.steps[i].across = 0 // nothing is computed
		}
	}
	if err := s.compareTiles(); err != nil {
		t.Fatal(err)
	}
	if got := logits(t, e, seqs); !slices.Equal(got, want) || !strings.Contains(e.Tuning(), "have other scores on this device") {
		t.Errorf("got %v by %q, want %v by the small tile", got, e.Tuning(), want)
	}
}
