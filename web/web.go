// Package web has the gateway's pages, GraphiQL and where an invitation is accepted, as
// they were built from src by Vite (see CONTRIBUTING.md). What is built is committed, so
// that the program is built with Go alone.
package web

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed dist
var dist embed.FS

// Site serves the pages and the files that they load.
type Site struct{ files map[string]*file }

// Open reads the built pages. It fails only when they were built wrong.
func Open() (*Site, error) {
	s := &Site{files: map[string]*file{}}
	err := fs.WalkDir(dist, "dist", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		kind, known := types[path.Ext(name)]
		if !known {
			return fmt.Errorf("web: no media type for %s", name)
		}
		s.files[strings.TrimPrefix(name, "dist/")] = newFile(name, kind)
		return nil
	})
	return s, err
}

// types are the media types of what Vite builds. The machine's own table is not asked:
// it differs from one to the next.
var types = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".md":   "text/markdown; charset=utf-8",
	".svg":  "image/svg+xml",
	".ttf":  "font/ttf",
}
