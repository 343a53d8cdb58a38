package engine

import (
	"context"
	"sync"
	"sync/atomic"
)

// mostWorkers is how many goroutines resolve the fields of one operation at once, beside the one that answers it.
const mostWorkers = 64

// crew bounds the goroutines of an operation.
type crew struct{ working atomic.Int32 }

// hire says whether one goroutine more may begin.
func (c *crew) hire() bool {
	if c.working.Add(1) <= mostWorkers {
		return true
	}
	c.working.Add(-1)
	return false
}

// task is a field that is resolved at once with others, after what was read without resolving anything.
type task struct {
	ctx     context.Context // of its object
	field   *Selection
	fill    func(*Writer) bool // writes it; false for a null that spreads
	indexes []int32
	met     int // how much was denied before it
	// What came of it: who wrote it, where in its buffer and its denials, and whether its null spreads.
	by          *Writer
	buf, denied span
	spreads     bool
}

// late is what is put in at the end: the value of a task, or an object or list with such a value in it.
type late struct {
	span          // where it stands in the buffer
	in       int  // the one that it is in, or −1
	task     int  // or −1
	null     bool // what it is comes to nothing
	required bool // its null spreads to what it is in
}

type span struct{ from, to int }

// before is what the Writer has before it comes to a value that a hole gives, and to what is postponed in it.
type before struct {
	mark
	late, waiting int
}

func (w *Writer) before() before { return before{w.mark(), len(w.late), len(w.waiting)} }

// postpone leaves the place of a value open.
func (w *Writer) postpone(ctx context.Context, f *Selection, fill func(*Writer) bool) {
	w.open = append(w.open, len(w.late))
	w.late = append(w.late, late{span: span{len(w.buf), len(w.buf)}, in: -1, task: len(w.waiting), required: true})
	w.waiting = append(w.waiting, task{ctx: ctx, field: f, fill: fill, indexes: w.place(), met: len(w.met)})
}

// enclose keeps the place of an object or list that has ended, with what is to be put into it.
func (w *Writer) enclose(m mark, isNull bool) {
	id := len(w.late)
	for _, inner := range w.open[m.open:] {
		w.late[inner].in = id
	}
	w.open = append(w.open[:m.open], id)
	w.late = append(w.late, late{span: span{m.at, len(w.buf)}, in: -1, task: -1, null: isNull})
}

// flush has everything resolved that was postponed since, and puts it into the value that was written since. It says
// whether the value is not null then; ok is whether it was not before.
func (w *Writer) flush(since before, ok bool) bool {
	tasks, all := w.waiting[since.waiting:], w.late[since.late:]
	if len(tasks) == 0 {
		return ok
	}
	workers := w.work(tasks)
	for i := range all { // what is inside comes first
		at := &all[i]
		if at.task >= 0 {
			at.null = w.waiting[at.task].spreads
		}
		if at.null && at.required && at.in >= 0 {
			w.late[at.in].null = true
		}
	}
	ok = ok && !all[len(all)-1].null // the value itself
	w.splice(since, tasks, all)
	for _, by := range workers {
		by.release()
	}
	w.late, w.open, w.waiting = w.late[:since.late], w.open[:since.open], w.waiting[:since.waiting]
	clear(tasks)
	return ok
}

// work performs tasks, on as many goroutines as may begin and on this one, and gives the Writers that have done so.
func (w *Writer) work(tasks []task) []*Writer {
	var next atomic.Int32
	var wg sync.WaitGroup
	loop := func(by *Writer) {
		for i := int(next.Add(1)); i <= len(tasks); i = int(next.Add(1)) {
			by.perform(&tasks[i-1])
		}
	}
	workers := []*Writer{newWriter(w.decision, w.op, w.crew)}
	for len(workers) < len(tasks) && w.crew.hire() {
		by := newWriter(w.decision, w.op, w.crew)
		workers = append(workers, by)
		wg.Go(func() {
			defer w.crew.working.Add(-1)
			loop(by)
		})
	}
	loop(workers[0])
	wg.Wait()
	return workers
}

// perform resolves and writes what another Writer has postponed.
func (w *Writer) perform(t *task) {
	w.indexes = append(w.indexes[:0], t.indexes...)
	w.taken = taken{ctx: t.ctx, at: t.field.parent, base: len(w.indexes)}
	t.by, t.buf.from, t.denied.from = w, len(w.buf), len(w.met)
	t.spreads = !t.fill(w)
	t.buf.to, t.denied.to = len(w.buf), len(w.met)
}

// splice puts what the tasks have written, and were denied, where it belongs, and null for what has come to nothing.
func (w *Writer) splice(since before, tasks []task, all []late) {
	rest := newWriter(nil, nil, nil) // for its buffers
	defer rest.release()
	rest.buf = append(rest.buf, w.buf[since.at:]...)
	w.buf = w.buf[:since.at]
	done := since.at
	copyTo := func(at int) {
		w.buf = append(w.buf, rest.buf[done-since.at:at-since.at]...)
		done = at
	}
	lost := make([]bool, len(all)) // whether it is in something that has come to nothing
	for i := len(all) - 1; i >= 0; i-- {
		if in := all[i].in; in >= 0 {
			lost[i] = lost[in-since.late] || w.late[in].null
		}
	}
	for i := range all {
		switch at := &all[i]; {
		case lost[i]:
		case at.task >= 0:
			t := &w.waiting[at.task]
			copyTo(at.from)
			w.buf = append(w.buf, t.by.buf[t.buf.from:t.buf.to]...)
		case at.null:
			copyTo(at.from)
			w.Null()
			done = at.to
		}
	}
	copyTo(since.at + len(rest.buf))
	w.join(since, tasks)
}

// join puts what was denied in the tasks into the answer's order.
func (w *Writer) join(since before, tasks []task) {
	n := 0
	for i := range tasks {
		n += tasks[i].denied.to - tasks[i].denied.from
	}
	if n == 0 {
		return
	}
	from := tasks[0].met
	own := append([]denial(nil), w.met[from:]...)
	w.met = w.met[:from]
	for i := range tasks {
		t := &tasks[i]
		w.met = append(w.met, own[:t.met-from]...)
		own, from = own[t.met-from:], t.met
		for _, n := range t.by.met[t.denied.from:t.denied.to] {
			n.indexes = w.keep(n.indexes)
			w.met = append(w.met, n)
		}
	}
	w.met = append(w.met, own...)
}
