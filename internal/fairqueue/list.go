package fairqueue

// list is a linked list of entries, the oldest first. The zero value is empty.
type list[T any] struct {
	which      int // of an entry's links belongs to this list
	head, tail *Entry[T]
}

type links[T any] struct {
	prev, next *Entry[T]
}

func (l *list[T]) push(e *Entry[T]) {
	e.links[l.which] = links[T]{prev: l.tail}
	if l.tail != nil {
		l.tail.links[l.which].next = e
	} else {
		l.head = e
	}
	l.tail = e
}

// pushFirst adds an entry before all others, but behind the first one if that has been started.
func (l *list[T]) pushFirst(e *Entry[T]) {
	first := l.head
	if first != nil && first.started {
		first = first.links[l.which].next
	}
	if first == nil {
		l.push(e)
		return
	}
	before := first.links[l.which].prev
	e.links[l.which] = links[T]{prev: before, next: first}
	first.links[l.which].prev = e
	if before != nil {
		before.links[l.which].next = e
	} else {
		l.head = e
	}
}

func (l *list[T]) remove(e *Entry[T]) {
	at := e.links[l.which]
	if at.prev != nil {
		at.prev.links[l.which].next = at.next
	} else {
		l.head = at.next
	}
	if at.next != nil {
		at.next.links[l.which].prev = at.prev
	} else {
		l.tail = at.prev
	}
	e.links[l.which] = links[T]{}
}
