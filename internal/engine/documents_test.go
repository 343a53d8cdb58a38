package engine

import (
	"fmt"
	"strings"
	"testing"
)

// TestDocuments: a guest can fill the cache with what they like, but not with long documents, nor with too many.
func TestDocuments(t *testing.T) {
	d := newDocuments(&Config{trusted: &trustedDocuments{}})
	listed := &document{}
	d.trusted["{ listed }"] = listed
	short, long := strings.Repeat("x", cachedSize), strings.Repeat("x", cachedSize+1)
	d.add(short, &document{})
	d.add(long, &document{})
	if d.get(short) == nil {
		t.Error("a short document is not kept")
	}
	if d.get(long) != nil {
		t.Error("a long document is kept")
	}
	if d.get("{ listed }") != listed {
		t.Error("a trusted document is not there")
	}

	latest := &document{}
	for range 3 {
		d.add("{ again }", latest)
	}
	if d.get("{ again }") != latest || d.text != len(short)+len("{ again }") {
		t.Errorf("kept once, with texts of %d bytes", d.text)
	}
	for i := range cachedText/cachedSize + 1 { // short ones are as many as there may be
		d.add(fmt.Sprintf("%0*d", cachedSize, i), &document{})
	}
	if d.get(short) != nil || d.text != cachedText || d.kept.Len() != cachedText/cachedSize {
		t.Errorf("%d documents with texts of %d bytes are kept", d.kept.Len(), d.text)
	}
	for i := range 2 * cachedDocuments {
		d.add(fmt.Sprint(i), &document{})
	}
	if d.kept.Len() != cachedDocuments || d.text > 8*cachedDocuments {
		t.Errorf("%d documents with texts of %d bytes are kept", d.kept.Len(), d.text)
	}
}
