package assets

import (
	"bytes"
	"image/png"
	"io/fs"
	"path"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

func TestIconsHaveTheSizesTheyPromise(t *testing.T) {
	for _, icon := range []struct {
		name string
		data []byte
		side int
	}{{"IconPNG", IconPNG, 512}, {"IconPNG256", IconPNG256, 256}} {
		config, err := png.DecodeConfig(bytes.NewReader(icon.data))
		if err != nil {
			t.Fatalf("%s: %v", icon.name, err)
		}
		if config.Width != icon.side || config.Height != icon.side {
			t.Errorf("%s is %d×%d, want %d×%d", icon.name, config.Width, config.Height, icon.side, icon.side)
		}
	}
}

// Stroke widths do not scale in the SVG renderer the window uses.
func TestIconIsDrawnWithFilledShapes(t *testing.T) {
	if !bytes.Contains(IconSVG, []byte("<svg")) || bytes.Contains(IconSVG, []byte("stroke")) {
		t.Error("icon.svg is not an SVG of filled shapes")
	}
}

// The sample has what makes a backup interesting, and stays small enough to be carried by everyone.
func TestSampleIsSmallAndVaried(t *testing.T) {
	files := Sample()
	var (
		count, size, empty, hidden, deep, foreign int

		contents = make(map[string]string) // content to the first file that has it
		twins    int                       // files whose content another one has too
	)
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		if !norm.NFC.IsNormalString(name) {
			t.Errorf("%s: a name that is not NFC is checked out differently on a Mac", name)
		}
		count++
		size += len(data)
		if len(data) == 0 {
			empty++
		} else if _, seen := contents[string(data)]; seen {
			twins++
		}
		contents[string(data)] = name
		if strings.HasPrefix(path.Base(name), ".") {
			hidden++
		}
		if strings.Count(name, "/") >= 3 {
			deep++
		}
		if strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxLatin1 }) {
			foreign++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 35 || size > 1<<20 {
		t.Errorf("the sample has %d files of %d bytes together, want at least 35 and at most 1 MiB", count, size)
	}
	for what, n := range map[string]int{
		"empty file": empty, "file with the content of another": twins, "hidden file": hidden,
		"file three folders down": deep, "name in another script": foreign,
	} {
		if n == 0 {
			t.Errorf("the sample has no %s", what)
		}
	}
}

func TestSampleIsAWellBehavedFileSystem(t *testing.T) {
	if err := fstest.TestFS(Sample(), "Read me first.txt"); err != nil {
		t.Fatal(err)
	}
}
