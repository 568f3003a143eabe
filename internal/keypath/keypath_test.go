package keypath

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestPaths(t *testing.T) {
	path := Join(Element(Join("model_pool", "instances"), 2), "threads")
	if path != "model_pool.instances[2].threads" || Join("", "model") != "model" {
		t.Errorf("got %q", path)
	}
	if Last(path) != "threads" || Last("model") != "model" {
		t.Errorf("got %q and %q", Last(path), Last("model"))
	}
	steps, ok := Parse(path)
	if want := []Step{{"model_pool", -1}, {"instances", 2}, {"threads", -1}}; !ok || !slices.Equal(steps, want) {
		t.Errorf("got %v, %v, want %v", steps, ok, want)
	}
	for _, bad := range []string{"a[x]", "a[", "a[-1]", "a[1.5]"} {
		if steps, ok := Parse(bad); ok {
			t.Errorf("%s: got %v, want an element that is no number", bad, steps)
		}
	}
}

func TestAssign(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"model", `{"list":[{"a":1},2],"model":9}`},
		{"list[0].a", `{"list":[{"a":9},2],"model":"m"}`},
		{"list[1]", `{"list":[{"a":1},9],"model":"m"}`},
		{"list[7].a", `{"list":[{"a":1},2],"model":"m"}`},
		{"list[x].a", `{"list":[{"a":1},2],"model":"m"}`},
		{"model.a", `{"list":[{"a":1},2],"model":"m"}`},
		{"model[0]", `{"list":[{"a":1},2],"model":"m"}`},
		{"none.a", `{"list":[{"a":1},2],"model":"m"}`},
	} {
		var settings any
		if err := json.Unmarshal([]byte(`{"model": "m", "list": [{"a": 1}, 2]}`), &settings); err != nil {
			t.Fatal(err)
		}
		Assign(settings, c.path, 9)
		if got, err := json.Marshal(settings); err != nil || string(got) != c.want {
			t.Errorf("%s: got %s and %v, want %s", c.path, got, err, c.want)
		}
	}
}
