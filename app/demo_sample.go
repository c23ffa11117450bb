package main

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"roost/assets"
)

const (
	filmSize   = 16 << 20 // bytes: enough for a speed that means something
	imageSize  = 32 << 20 // bytes, nearly all of them a hole
	diaryFile  = "Garden/Diary 2025.txt"
	renameFrom = "Letters/To Marta.txt"
	renameTo   = "Letters/To Marta, sent.txt"
	removed    = "Letters/To the landlord.txt"
)

// makeSample writes the folder that the demo keeps: the sample that is built in, and what such a sample cannot hold, an
// empty folder, a link, a sparse file, large files, old dates and permissions.
func makeSample(dir string) error {
	if err := os.CopyFS(dir, assets.Sample()); err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(dir, "Empty folder"), 0o755); err != nil {
		return err
	}
	if err := makeLink(filepath.FromSlash(diaryFile), filepath.Join(dir, "Latest diary")); err != nil {
		return err
	}
	if err := makeSparse(filepath.Join(dir, "Disk image.img")); err != nil {
		return err
	}
	film := randomBytes()
	for _, name := range []string{"Photos/Film.mp4", "Photos/Film (copy).mp4"} {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), film, 0o644); err != nil {
			return err
		}
	}
	if err := os.Chmod(filepath.Join(dir, "Work", "Scripts", "count.py"), 0o755); err != nil {
		return err
	}
	return makeOld(dir)
}

// makeLink makes a symbolic link, where the system lets this person have one: Windows asks for a right.
func makeLink(target, name string) error {
	err := os.Symlink(target, name)
	if runtime.GOOS == "windows" && errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

func makeSparse(name string) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Truncate(imageSize); err != nil {
		return err
	}
	_, err = f.WriteAt([]byte("The only text in a large hole."), imageSize/2)
	return err
}

// randomBytes look like a film: nothing in them shrinks. They are the same in each demo, and no secret.
func randomBytes() []byte {
	film := make([]byte, filmSize)
	_, _ = io.ReadFull(rand.NewChaCha8([32]byte{}), film) // never fails
	return film
}

// makeOld spreads the files' times over the last years, to the nanosecond.
func makeOld(dir string) error {
	at := time.Now().Add(-24 * time.Hour)
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		at = at.Add(-19*24*time.Hour - 7*time.Minute - 123456789*time.Nanosecond)
		return os.Chtimes(path, at, at)
	})
}

// makeChanging writes the small folder in which files change when the kept folder is a person's own.
func makeChanging(dir string) error {
	for _, name := range []string{diaryFile, renameFrom, removed} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		text, err := fs.ReadFile(assets.Sample(), name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(path, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// changeSample does to the demo's own folder what people do to theirs, and says what.
func changeSample(dir string) (what string, err error) {
	at := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	diary, err := os.OpenFile(at(diaryFile), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return "", err
	}
	_, err = diary.WriteString("\nToday I tried a demo. It lost my computer and found my garden.\n")
	if err = errors.Join(err, diary.Close()); err != nil {
		return "", err
	}
	if err := os.Rename(at(renameFrom), at(renameTo)); err != nil {
		return "", err
	}
	if err := os.Remove(at(removed)); err != nil {
		return "", err
	}
	if err := os.WriteFile(at("Letters/A new one.txt"), []byte("Dear Marta,\n"), 0o644); err != nil {
		return "", err
	}
	return "one is longer, one is renamed, one is deleted, one is new", nil
}
