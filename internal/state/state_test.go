package state

import (
	"math"
	"reflect"
	"testing"
	"time"
)

func TestSizeClasses(t *testing.T) {
	for size, want := range map[int]int{
		-1: 0, 0: 0, 1: 0, 2: 1, 3: 2, 4: 2, 5: 3, 1024: 10, 1025: 11, math.MaxInt: SizeClasses - 1,
	} {
		var s, wanted Sizes
		s.Count(size)
		wanted[want]++
		if s != wanted {
			t.Errorf("size %d: got %v, want one in class %d", size, s, want)
		}
	}
}

// TestAddTakesEveryField fills every field with 1, so that a field that Add misses stays 1.
func TestAddTakesEveryField(t *testing.T) {
	queue, batches, cache, prefixes, instance := filled(Queue{}), filled(Batches{}), filled(Cache{}), filled(Prefixes{}), filled(Instance{})
	cascade := filled(Cascade{})
	device := filled(Device{})
	device.Add(device)
	queue.Add(queue)
	batches.Add(batches)
	cache.Add(cache)
	prefixes.Add(prefixes)
	cascade.Add(cascade)
	instance.Add(instance)
	for _, c := range []struct {
		sum  any
		most []string // of these fields the sum is the larger one
	}{
		{queue, []string{"Oldest"}},
		{batches, []string{"Longest"}},
		{cache, nil},
		{prefixes, nil},
		{cascade, []string{"Bound"}},
		{device, nil},
		{instance, nil},
	} {
		v := reflect.ValueOf(c.sum)
		for i := range v.NumField() {
			name, want := v.Type().Field(i).Name, 2
			for _, most := range c.most {
				if name == most {
					want = 1
				}
			}
			for _, got := range numbers(v.Field(i)) {
				if got != int64(want) {
					t.Errorf("%T.%s: got %d, want %d", c.sum, name, got, want)
					break
				}
			}
		}
	}
}

// filled is v with every number set to 1.
func filled[T any](v T) T {
	for _, field := range reflect.ValueOf(&v).Elem().Fields() {
		switch {
		case field.CanInt():
			field.SetInt(1)
		case field.CanFloat():
			field.SetFloat(1)
		case field.Kind() == reflect.Array:
			for i := range field.Len() {
				field.Index(i).SetInt(1)
			}
		}
	}
	return v
}

// numbers are those that a field holds; none for a name.
func numbers(v reflect.Value) (out []int64) {
	switch {
	case v.CanInt():
		return []int64{v.Int()}
	case v.CanFloat():
		return []int64{int64(v.Float())}
	case v.Kind() == reflect.Array:
		for i := range v.Len() {
			out = append(out, v.Index(i).Int())
		}
	}
	return out
}

func TestSumOfInstances(t *testing.T) {
	sum := Instance{Name: "all", State: "ready", Threads: 2}
	sum.Add(Instance{Name: "1", State: "ready", Threads: 1})
	if sum != (Instance{Name: "all", State: "ready", Threads: 3}) {
		t.Errorf("two that are ready: got %+v", sum)
	}
	sum.Add(Instance{State: "failed"})
	if sum.State != "mixed" {
		t.Errorf("with one that failed: got state %q, want mixed", sum.State)
	}
}

func TestCountAndSub(t *testing.T) {
	var b Batches
	b.Count(4, 10, 4)
	b.Count(2, 11, 6)
	if b.Runs != 2 || b.Pairs != 6 || b.Tokens != 21 || b.Padded != 16+12 || b.Longest != 6 {
		t.Errorf("got %+v", b)
	}
	sizes := b.ByTokens
	sizes.Sub(b.ByTokens)
	if sizes != (Sizes{}) {
		t.Errorf("taken from itself: got %v, want nothing", sizes)
	}
	longer := Queue{Oldest: time.Second}
	longer.Add(Queue{Oldest: time.Minute})
	if longer.Oldest != time.Minute {
		t.Errorf("the oldest of two queues has waited %v, want 1m", longer.Oldest)
	}
}
