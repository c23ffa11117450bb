package catalog

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Some promises concern other processes: one that is killed, holds a lock or may not write. The test binary plays
// them, told by this variable which part.
const childVar = "CATALOG_TEST_CHILD"

var children = map[string]func(path string) error{
	"unfinished": childUnfinished,
	"commits":    childCommits,
	"open":       childOpen,
	"locks":      childLocks,
	"sql":        childSQL,
}

func TestMain(m *testing.M) {
	if part := os.Getenv(childVar); part != "" {
		if err := children[part](os.Args[1]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child is a test binary playing a part.
type child struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startChild(t *testing.T, part, path string, adjust ...func(*exec.Cmd)) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, path)
	cmd.Env = append(os.Environ(), childVar+"="+part, "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = os.Stderr
	for _, a := range adjust {
		a(cmd)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, cmd: cmd, in: in, out: bufio.NewReader(out)}
	t.Cleanup(func() {
		if c.cmd.ProcessState == nil {
			c.kill()
		}
	})
	return c
}

func (c *child) line() string {
	c.t.Helper()
	s, err := c.out.ReadString('\n')
	if err != nil {
		c.t.Fatalf("child said nothing: %v", err)
	}
	return strings.TrimSpace(s)
}

// do sends a line and waits for the answer.
func (c *child) do(command string) string {
	c.t.Helper()
	if _, err := io.WriteString(c.in, command+"\n"); err != nil {
		c.t.Fatal(err)
	}
	return c.line()
}

func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// quit lets the child end by itself.
func (c *child) quit() {
	c.t.Helper()
	if err := c.in.Close(); err != nil {
		c.t.Fatal(err)
	}
	if err := c.cmd.Wait(); err != nil {
		c.t.Fatalf("child failed: %v", err)
	}
}

func waitForEOF() error {
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// childUnfinished commits one pack and stops in the middle of the next transaction.
func childUnfinished(path string) error {
	ctx := context.Background()
	c, err := Open(ctx, path)
	if err != nil {
		return err
	}
	if err := c.Update(ctx, func(tx *Tx) error { return addNumbered(tx, 1, 100) }); err != nil {
		return err
	}
	return c.Update(ctx, func(tx *Tx) error {
		// More than the page cache holds, so that some of it is in the log already.
		for n := range 20 {
			if err := addNumbered(tx, 2+n, 20_000); err != nil {
				return err
			}
		}
		fmt.Println("ready")
		return waitForEOF()
	})
}

// childCommits commits pack after pack and says each number once it is committed.
func childCommits(path string) error {
	ctx := context.Background()
	c, err := Open(ctx, path)
	if err != nil {
		return err
	}
	for n := 1; ; n++ {
		if err := c.Update(ctx, func(tx *Tx) error { return addNumbered(tx, n, 50) }); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// childOpen opens the catalog and says how that went.
func childOpen(path string) error {
	c, err := Open(context.Background(), path)
	for name, want := range map[string]error{"read-only": ErrReadOnly, "damaged": ErrDamaged} {
		if errors.Is(err, want) {
			fmt.Println(name)
			return nil
		}
	}
	if err != nil {
		return err
	}
	fmt.Println("open")
	return c.Close()
}

// childLocks holds the write lock.
func childLocks(path string) error {
	ctx := context.Background()
	c, err := Open(ctx, path)
	if err != nil {
		return err
	}
	return c.Update(ctx, func(*Tx) error {
		fmt.Println("ready")
		return waitForEOF()
	})
}

// childSQL is a program that uses a database: it runs each line of its input there and answers "done".
func childSQL(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	c, err := openCopyForTest(path)
	if err != nil {
		return err
	}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		if err := c.each(context.Background(), in.Text(), 0, func([]value) error { return nil }); err != nil {
			return fmt.Errorf("%s: %w", in.Text(), err)
		}
		fmt.Println("done")
	}
	return errors.Join(in.Err(), c.close())
}

func openCopyForTest(path string) (*conn, error) {
	uri, err := fileURI(path, "mode=rwc", "_busy_timeout=2000")
	if err != nil {
		return nil, err
	}
	return dial(uri)
}

// addNumbered adds pack n with chunks of its own.
func addNumbered(tx *Tx, n, chunks int) error {
	no, err := tx.AddPack(numberedPack(n))
	if err != nil {
		return err
	}
	return tx.AddChunks(no, numberedChunks(n, chunks))
}

func numberedPack(n int) Pack {
	p := Pack{Type: 1, Size: 1 << 20, Linked: n%2 == 0}
	binary.BigEndian.PutUint64(p.Digest[:], uint64(n))
	p.Owner[0] = byte(n)
	return p
}

func numberedChunks(n, count int) []ChunkID {
	ids := make([]ChunkID, count)
	for i := range ids {
		// Multiplied by an odd number the ids stay distinct and are spread like hashes.
		binary.BigEndian.PutUint64(ids[i][:], (uint64(n)<<32|uint64(i))*0x9E3779B97F4A7C15)
	}
	return ids
}
