package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"time"
)

// file is one built file. It is read, and compressed, when it is first asked for: who only
// asks the API pays for none of it.
type file struct {
	kind          string
	plain, packed func() form
}

// form is a file as it is sent. One without text is not sent in that form.
type form struct {
	text []byte
	etag string
}

func newFile(name, kind string) *file {
	f := &file{kind: kind}
	f.plain = sync.OnceValue(func() form {
		text, err := dist.ReadFile(name)
		if err != nil {
			return form{} // cannot be: it was found when the site was opened
		}
		sum := sha256.Sum256(text)
		return form{text, `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
	})
	f.packed = sync.OnceValue(func() form {
		plain := f.plain()
		text, err := pack(plain.text)
		if err != nil || len(text) >= len(plain.text) {
			return form{}
		}
		return form{text, strings.TrimSuffix(plain.etag, `"`) + `-gzip"`}
	})
	return f
}

func pack(text []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// ServeHTTP sends the file, compressed to who takes it so, and not at all to who has it
// (RFC 9110, sections 8.8.3 and 12.5.3). Each form has a tag of its own.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", f.kind)
	header.Add("Vary", "Accept-Encoding")
	sent := f.plain()
	if takesGzip(r) {
		if packed := f.packed(); packed.text != nil {
			sent = packed
			header.Set("Content-Encoding", "gzip")
		}
	}
	header.Set("ETag", sent.etag)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(sent.text))
}

// takesGzip reads Accept-Encoding as browsers write it. Who writes it otherwise gets the
// file as it is.
func takesGzip(r *http.Request) bool {
	for _, coding := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return !strings.Contains(strings.ReplaceAll(weight, " ", ""), "q=0")
		}
	}
	return false
}
