package fairqueue

import "testing"

func TestBacklog(t *testing.T) {
	q := Queue[*request]{Quantum: 20}
	for _, r := range []struct {
		from Sender
		n    int
	}{
		{Sender{Caller: "a"}, 100},
		{Sender{Caller: "b"}, 30},
		{Sender{Caller: "a", Priority: 1}, 400},
		{Sender{Caller: "c", Priority: 2}, 5},
	} {
		q.Push(r.from, &alike(r.n).entry)
	}
	for _, c := range []struct {
		from Sender
		want Backlog
	}{
		{Sender{Caller: "a"}, Backlog{All: 130 + 16 + 5, Before: 130 + 16 + 5, Own: 100, Flows: 2, Total: 535, OwnRequests: 1}},
		{Sender{Caller: "new"}, Backlog{All: 130 + 16 + 5, Before: 40 + 5 + 5, Flows: 3, Total: 535}},
		{Sender{Caller: "a", Priority: 1}, Backlog{All: 535, Before: 535, Own: 500, Flows: 3, Total: 535, OwnRequests: 2}},
		{Sender{Caller: "b", Priority: 1}, Backlog{All: 535, Before: 130 + 20 + 5, Own: 30, Flows: 3, Total: 535, OwnRequests: 1}},
	} {
		if got := q.Backlog(c.from, 10); got != c.want {
			t.Errorf("of 10 for %+v: got %+v, want %+v", c.from, got, c.want)
		}
	}
}

func TestAhead(t *testing.T) {
	q := Queue[*request]{Quantum: 20}
	for _, r := range []struct {
		from  Sender
		items int
	}{
		{Sender{Caller: "large", Priority: 1}, 1000},
		{Sender{Caller: "small", Priority: 1}, 7},
		{Sender{Caller: "urgent"}, 300},
		{Sender{Caller: "patient", Priority: 2}, 50},
	} {
		q.Push(r.from, &alike(r.items).entry)
	}
	for _, c := range []struct {
		name string
		from Sender
		cost int
		want int
	}{
		{"a new caller of the first priority: a turn of the urgent one, and an eighth of that of the two others",
			Sender{Caller: "new"}, 5, 20 + 2 + 2},
		{"with as much as three turns: three of the urgent one", Sender{Caller: "new"}, 41, 60 + 7 + 7},
		{"the urgent one: all of its own", Sender{Caller: "urgent"}, 5, 300 + 37 + 37},
		{"a new one of the second: a turn of the large one, the small and the urgent one",
			Sender{Caller: "new", Priority: 1}, 5, 20 + 7 + 300 + 40},
		{"the small one: seven and a turn of the large one", Sender{Caller: "small", Priority: 1}, 5, 7 + 20 + 300 + 40},
		{"the large one: all but the patient one", Sender{Caller: "large", Priority: 1}, 5, 1000 + 7 + 300 + 50},
		{"beyond the last priority: all", Sender{Caller: "new", Priority: 99}, 5, 1000 + 7 + 300 + 50},
	} {
		if got := q.Ahead(c.from, c.cost); got != c.want {
			t.Errorf("%s: got %d ahead, want %d", c.name, got, c.want)
		}
	}
	for e := q.Oldest(); e != nil; e = q.Oldest() {
		q.Remove(e)
	}
	if got := q.Ahead(Sender{}, 5); got != 0 {
		t.Errorf("when nothing waits: got %d ahead, want 0", got)
	}
}
