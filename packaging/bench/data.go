//go:build linux

package main

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	_ "github.com/mattn/go-sqlite3" // databases are among what people want back most
)

// The data sets. The same scale gives the same bytes, names, modes and times: each file draws from a source of its own.
const (
	album    = "Pictures/2025 Sommer in Österreich" // is renamed
	albumNew = "Pictures/2025-07 – Alps (sorted)"
	video    = "Videos/holiday.bin" // bytes are inserted in its middle
	mail     = "Documents/mail/index.sqlite"

	mb = 1_000_000
)

var firstDay = time.Unix(1_750_000_000, 0)

// source is the randomness of one file.
func source(name string) (*rand.Rand, *rand.ChaCha8) {
	c := rand.NewChaCha8(sha256.Sum256([]byte(name)))
	return rand.New(c), c
}

// set writes below a folder. The first failure stops all that follows and is kept.
type set struct {
	root  string
	scale float64
	err   error
}

func (s *set) path(name string) string { return filepath.Join(s.root, filepath.FromSlash(name)) }

// count is n at the set's scale, at least 1; size is MB at the set's scale, at least 100 bytes.
func (s *set) count(n int) int       { return max(1, int(float64(n)*s.scale)) }
func (s *set) size(megs float64) int { return max(100, int(megs*mb*s.scale)) }

func (s *set) do(err error) {
	if s.err == nil {
		s.err = err
	}
}

// put writes a file, dated within the year before the first day.
func (s *set) put(name string, content []byte, mode fs.FileMode) {
	if s.err != nil {
		return
	}
	s.do(os.MkdirAll(filepath.Dir(s.path(name)), 0o755))
	s.do(os.WriteFile(s.path(name), content, mode))
	r, _ := source("date of " + name)
	date := firstDay.Add(-time.Duration(r.Int64N(int64(365 * 24 * time.Hour))))
	s.do(os.Chtimes(s.path(name), date, date))
}

func (s *set) get(name string) []byte {
	b, err := os.ReadFile(s.path(name))
	s.do(err)
	return b
}

// noise does not compress, like photos and films.
func noise(name string, n int) []byte {
	_, c := source(name)
	b := make([]byte, n)
	_, _ = c.Read(b) // it never fails
	return b
}

// lines are made-up code with a vocabulary like a language's: few words often, most seldom.
var lines = sync.OnceValue(func() (out []string) {
	r, _ := source("lines")
	syllables := strings.Fields("ba con de fil ge hash in ker lo map net ob par que re set tra un val wri ex yi zo str")
	words := make([]string, 6000)
	for i := range words {
		for range 1 + r.IntN(4) {
			words[i] += syllables[r.IntN(len(syllables))]
		}
	}
	word := func() string { return words[min(len(words)-1, int(5*math.Pow(float64(len(words))/5, r.Float64()))-5)] }
	forms := []string{
		"if %s.%s(%s) != nil {", "return %s(%s, %s)", "%s := %s.%s[i]", "// %s %s %s", "func (%s) %s(%s) error {",
		`{"user":"%s","event":"%s","path":"/v1/%s"}`, "%s;%s;%s",
	}
	for range 60_000 {
		line := fmt.Sprintf(forms[r.IntN(len(forms))], word(), word(), word())
		if r.IntN(4) == 0 {
			line += fmt.Sprintf(" // %d", r.Uint32())
		}
		out = append(out, strings.Repeat("\t", r.IntN(4))+line+"\n")
	}
	return out
})

func text(name string, n int) []byte {
	r, _ := source(name)
	b := make([]byte, 0, n+200)
	for b = fmt.Appendf(b, "// %016x\n", r.Uint64()); len(b) < n; {
		b = append(b, lines()[r.IntN(len(lines()))]...)
	}
	return b[:n]
}

// office is half text, half noise, in stripes, like an office file.
func office(name string, n int) (b []byte) {
	for r, _ := source(name); len(b) < n; {
		part, k := fmt.Sprintf("%s %d", name, len(b)), 8000+r.IntN(32000)
		if r.IntN(2) == 0 {
			b = append(b, text(part, k)...)
		} else {
			b = append(b, noise(part, k)...)
		}
	}
	return b[:n]
}

// mixed is 1 GB like a home folder: source trees, logs and tables, office files, photos, films, a database, copies.
func (s *set) mixed() {
	r, _ := source("mixed")
	folders := []string{"Code/projekt-00"}
	for i := 1; i < max(24, s.count(700)); i++ {
		up := folders[r.IntN(len(folders))]
		if i < 12 || strings.Count(up, "/") > 12 {
			folders = append(folders, fmt.Sprintf("Code/projekt-%02d", i))
		} else {
			folders = append(folders, fmt.Sprintf("%s/pkg%d", up, i))
		}
	}
	for i := range s.count(6000) {
		name := fmt.Sprintf("%s/f%05d%s", folders[i%len(folders)], i, []string{".go", ".ts", ".md", ".json"}[i%4])
		s.put(name, text(name, min(400_000, int(math.Exp(8.1+1.25*r.NormFloat64()))+20)), 0o644)
	}
	for i := range max(10, s.count(24)) {
		name := fmt.Sprintf("Data/logs/messwerte %02d.jsonl", i)
		s.put(name, text(name, s.size(0.3+11.7*r.Float64())), 0o644)
	}
	for i := range s.count(110) {
		name := fmt.Sprintf("Documents/%s/план %03d.pdf", []string{"Rechnungen", "résumé", "計画書", "a b  c"}[i%4], i)
		s.put(name, office(name, s.size(0.05+r.Float64())), 0o644)
	}
	for i := range max(8, min(45, s.count(45))) {
		name := fmt.Sprintf("%s/IMG_%04d.jpg", album, i)
		photo := noise(name, s.size(1+7*r.Float64()))
		s.put(name, photo, 0o644)
		if i%5 < 2 {
			s.put(fmt.Sprintf("Desktop/to print/IMG_%04d.jpg", i), photo, 0o644)
		}
	}
	clip := noise("clip", s.size(60))
	s.put(video, noise(video, s.size(100)), 0o644)
	s.put("VMs/disk.img", noise("disk", s.size(70)), 0o644)
	s.put("Videos/clip.mp4", clip, 0o644)
	s.put("Videos/clip copy.mp4", clip, 0o644)
	at := len(clip) / 60
	s.put("Videos/clip (recut).mp4", slices.Concat(clip[:at], noise("cut", 137), clip[at:3*at], noise("cut too", 5000), clip[3*at:]), 0o644)
	for i := range 40 {
		s.put(fmt.Sprintf("Code/projekt-01/empty/.gitkeep-%d", i), nil, 0o644)
		s.do(os.MkdirAll(s.path(fmt.Sprintf("Documents/leer %d", i)), 0o755))
	}
	s.put(strings.Repeat("Deep/", 40)+"ganz unten.txt", []byte("bottom\n"), 0o644)
	s.put("Code/run.sh", []byte("#!/bin/sh\necho hi\n"), 0o755)
	s.put("Documents/locked.txt", []byte("read only\n"), 0o444)
	s.do(os.Symlink("../Videos/clip.mp4", s.path("Desktop/link to clip")))
	s.do(os.Symlink("no such target", s.path("Desktop/broken link")))
	s.database(func(tx *sql.Tx) error {
		_, err := tx.Exec("CREATE TABLE mail (id INTEGER PRIMARY KEY, sender TEXT, read INT, body BLOB); CREATE INDEX by_sender ON mail (sender)")
		for i := 0; i < max(50, s.count(33_000)) && err == nil; i++ {
			body := append(text(fmt.Sprint("mail ", i), 1200), noise(fmt.Sprint("mail ", i), 200+r.IntN(3200))...)
			_, err = tx.Exec("INSERT INTO mail VALUES (?, ?, 0, ?)", i, fmt.Sprintf("user%d@example.org", r.IntN(4000)), body)
		}
		return err
	})
}

// database runs fn in one transaction of the mail program.
func (s *set) database(fn func(*sql.Tx) error) {
	if s.err != nil {
		return
	}
	s.do(os.MkdirAll(filepath.Dir(s.path(mail)), 0o755))
	db, err := sql.Open("sqlite3", s.path(mail))
	if err != nil {
		s.do(err)
		return
	}
	defer func() { s.do(db.Close()) }()
	tx, err := db.Begin()
	if err != nil {
		s.do(err)
		return
	}
	s.do(fn(tx))
	s.do(tx.Commit())
}

// edits are a day's work on mixed, in place.
func (s *set) edits() {
	r, _ := source("edits")
	sources, err := filepath.Glob(s.path("Code/projekt-*/*.*"))
	s.do(err)
	for _, i := range r.Perm(len(sources))[:min(len(sources), s.count(65))] {
		name, err := filepath.Rel(s.root, sources[i])
		s.do(err)
		s.do(os.WriteFile(sources[i], append(s.get(name), text("more of "+name, 50+r.IntN(850))...), 0o644))
	}
	for i := range 3 {
		name := fmt.Sprintf("Data/logs/messwerte %02d.jsonl", 4*i%10)
		s.do(os.WriteFile(s.path(name), append(s.get(name), text("tail of "+name, s.size(0.2))...), 0o644))
	}
	film := s.get(video)
	s.do(os.WriteFile(s.path(video), slices.Concat(film[:len(film)/2], noise("insert", 3001), film[len(film)/2:]), 0o644))
	s.database(func(tx *sql.Tx) error {
		var rows int
		err := tx.QueryRow("SELECT count(*) FROM mail").Scan(&rows)
		for i := 0; i < max(3, s.count(300)) && err == nil; i++ {
			_, err = tx.Exec("UPDATE mail SET read = 1 WHERE id = ?", r.IntN(rows))
		}
		for i := 0; i < max(2, s.count(200)) && err == nil; i++ {
			_, err = tx.Exec("INSERT INTO mail VALUES (NULL, 'new@example.org', 0, ?)", noise(fmt.Sprint("new mail ", i), 2000))
		}
		return err
	})
	s.do(os.Rename(s.path(album), s.path(albumNew)))
	s.do(os.RemoveAll(s.path("Desktop/to print")))
	for i := range 3 {
		s.put(fmt.Sprintf("Documents/neu/Foto %d.jpg", i), noise(fmt.Sprint("new photo ", i), s.size(1+3*r.Float64())), 0o644)
	}
	for i := range 17 {
		s.put(fmt.Sprintf("Documents/neu/notiz %d.md", i), text(fmt.Sprint("note ", i), 500+r.IntN(60_000)), 0o644)
	}
}

// small is 100,000 files of 200 B to 16 KiB, 50 a folder, most of them text.
func (s *set) small() {
	pool := text("small", 8*mb)
	for i := range s.count(100_000) {
		name := smallName(i)
		r, _ := source(name)
		n := int(200 * math.Pow(81.92, r.Float64()))
		if i%10 < 7 {
			at := r.IntN(len(pool) - n)
			s.put(name, append(fmt.Appendf(nil, "%016x\n", r.Uint64()), pool[at:at+n]...), 0o644)
		} else {
			s.put(name, noise(name, n), 0o644)
		}
	}
}

func smallName(i int) string { return fmt.Sprintf("%03d/%02d/f%06d.txt", i/5000, i/50%100, i) }

// one changes one small file, in place, to what no earlier n made it.
func (s *set) one(n int) {
	name := smallName(n * 7919 % s.count(100_000))
	s.do(os.WriteFile(s.path(name), text(fmt.Sprintf("edit %d", n), len(s.get(name))), 0o644))
}

// big is one file of 2 GiB that does not compress.
func (s *set) big() {
	if s.err != nil {
		return
	}
	s.do(os.MkdirAll(s.root, 0o755))
	f, err := os.Create(s.path("big.bin"))
	s.do(err)
	for i := 0; i < s.count(2048) && s.err == nil; i++ {
		_, err := f.Write(noise(fmt.Sprint("big ", i), 1<<20))
		s.do(err)
	}
	s.do(f.Close())
}

// differences compares two trees: kinds, names, contents and link targets. It names the first few that differ.
func differences(a, b string) (out []string, err error) {
	names := map[string]bool{}
	for _, root := range []string{a, b} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			name, err := filepath.Rel(root, path)
			names[name] = true
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	for name := range names {
		x, err := content(filepath.Join(a, name))
		if err != nil {
			return nil, err
		}
		y, err := content(filepath.Join(b, name))
		if err != nil {
			return nil, err
		}
		if x != y && len(out) < 5 {
			out = append(out, fmt.Sprintf("%s: %.40q and %.40q", name, x, y))
		}
	}
	return out, nil
}

// content tells what lies at a path: a digest for a file.
func content(path string) (string, error) {
	st, err := os.Lstat(path)
	switch {
	case os.IsNotExist(err):
		return "nothing", nil
	case err != nil:
		return "", err
	case st.IsDir():
		return "folder", nil
	case st.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(path)
		return "link to " + target, err
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d bytes, %x", st.Size(), h.Sum(nil)), nil
}
