package catalog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

func init() { children["full"] = childFull }

// The child mounts a file system of one MiB where only it can see it.
func TestFullDiskIsSaidAndSurvived(t *testing.T) {
	c := startChild(t, "full", t.TempDir(), func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
		if os.Geteuid() != 0 {
			cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
			cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
			cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
		}
	})
	if got := c.line(); got != "survived" {
		t.Error(got)
	}
	c.quit()
}

func childFull(dir string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("keep the mount to ourselves: %w", err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	verdict := "survived"
	if err := fillAndGoOn(filepath.Join(dir, "catalog.db")); err != nil {
		verdict = err.Error()
	}
	fmt.Println(verdict)
	return nil
}

func fillAndGoOn(path string) error {
	ctx := context.Background()
	ballast := filepath.Join(filepath.Dir(path), "ballast")
	fill := func() error {
		f, err := os.Create(ballast)
		if err != nil {
			return err
		}
		for err == nil {
			_, err = f.Write(make([]byte, 4096))
		}
		return f.Close()
	}
	// No room from the start, at several degrees of fullness.
	if err := fill(); err != nil {
		return err
	}
	fi, err := os.Stat(ballast)
	if err != nil {
		return err
	}
	for free := int64(0); free <= 64<<10; free += 4 << 10 {
		if err := os.Truncate(ballast, fi.Size()-free); err != nil {
			return err
		}
		c, err := Open(ctx, path)
		if err == nil {
			err = errors.Join(c.Update(ctx, func(tx *Tx) error { return addNumbered(tx, 1, 3000) }), c.Close())
		}
		if !errors.Is(err, ErrDiskFull) {
			return fmt.Errorf("with %d bytes free: %w", free, err)
		}
		if err := Remove(path); err != nil {
			return err
		}
	}
	if err := os.Remove(ballast); err != nil {
		return err
	}
	// Full on the way.
	c, err := Open(ctx, path)
	if err != nil {
		return err
	}
	n := 1
	for err == nil {
		err = c.Update(ctx, func(tx *Tx) error { return addNumbered(tx, n, 500) })
		n++
	}
	if !errors.Is(err, ErrDiskFull) {
		return fmt.Errorf("update: %w", err)
	}
	done := n - 2 // the last one failed
	if packs, chunks, err := c.Counts(ctx); err != nil || packs != int64(done) || chunks != int64(500*done) || done == 0 {
		return fmt.Errorf("after %d updates %d packs, %d chunks: %w", done, packs, chunks, err)
	}
	if err := c.Check(ctx); err != nil {
		return err
	}
	// Room again.
	if err := syscall.Mount("tmpfs", filepath.Dir(path), "tmpfs", syscall.MS_REMOUNT, "size=8m"); err != nil {
		return err
	}
	if err := c.Update(ctx, func(tx *Tx) error { return addNumbered(tx, n, 500) }); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	if err := c.Close(); err != nil {
		return err
	}
	// A copy that does not fit leaves nothing of itself.
	if err := fill(); err != nil {
		return err
	}
	dst := filepath.Join(filepath.Dir(path), "copy")
	if err := CopyDatabase(ctx, path, dst, time.Second); !errors.Is(err, ErrDiskFull) {
		return fmt.Errorf("copy: %w", err)
	}
	for _, name := range withSides(dst) {
		if _, err := os.Lstat(name); !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("a copy that failed left %s", filepath.Base(name))
		}
	}
	return nil
}
