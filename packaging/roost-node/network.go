//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/term"

	"roost/vault/node/code"
	"roost/vault/node/private"
	"roost/vault/node/quiet"
)

// envFile is what Kubo's service adds to its environment: a member of a private network runs in none but that. It is always
// there, so that a lost one is noticed.
const envFile = "kubo.env"

// keyOfNetwork is where Kubo looks for the key of its private network.
func keyOfNetwork(s settings) string { return filepath.Join(s.Data, "repo", "swarm.key") }

// networkFlags decides about the place in a private network as the flags say: --join takes one over, --private makes one where
// there is none, and is what the kit may say beside a --join; quiet, which is no flag, leaves.
func (m machine) networkFlags(s *settings, flags options) error {
	switch {
	case flags.has("quiet"):
		s.Network = nil
	case flags.has("join"):
		joined, err := m.readNetwork(flags["join"])
		if err != nil {
			return err
		}
		s.pending = &joined
	case flags.has("private") && s.Network == nil:
		s.pending = &code.Network{Key: private.NewKey()}
	}
	return nil
}

// join makes what networkFlags decided true, once there is a repository.
func (m machine) join(s *settings) error {
	if s.pending == nil {
		if s.Network == nil {
			if err := os.Remove(keyOfNetwork(*s)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		}
		if _, err := m.networkKey(*s); err != nil {
			return err
		}
		return nil
	}
	n := private.Network{Port: private.DefaultPort, Listen: s.Listen, Members: s.pending.Members}
	if was := s.Network; was != nil {
		n.Port = was.Port
		if key, err := m.networkKey(*s); err == nil && key == s.pending.Key { // told of more members
			n.Members = private.Known(n.Members, was.Members)
		}
	}
	peer, err := peerID(*s)
	if err != nil {
		return err
	}
	own, err := m.ownMembers(*s, n, peer)
	if err != nil {
		return err
	}
	n.Members = private.Without(n.Members, own)
	if err := n.Check(); err != nil {
		return err
	}
	if err := saveKey(*s, s.pending.Key); err != nil {
		return err
	}
	s.Network, s.pending = &n, nil
	return nil
}

// saveKey gives the key to who runs Kubo, and to nobody else.
func saveKey(s settings, key private.Key) error {
	uid, gid, err := s.ids()
	if err != nil {
		return err
	}
	return writeFile(keyOfNetwork(s), key.Text(), 0o600, uid, gid)
}

func (m machine) networkKey(s settings) (private.Key, error) {
	text, err := os.ReadFile(keyOfNetwork(s))
	if err != nil {
		return private.Key{}, fmt.Errorf("read the key of the private network: %w; join again, or leave it: roost-node network leave", err)
	}
	return private.ParseKey(string(text))
}

func peerID(s settings) (string, error) {
	config, err := quiet.Read(filepath.Join(s.Data, "repo", "config"))
	if err != nil {
		return "", fmt.Errorf("read the storage's configuration: %w", err)
	}
	return config.Text("Identity", "PeerID"), nil
}

// ownMembers are the addresses under which the others find this one: the machine's own, and those that were named for it.
func (m machine) ownMembers(s settings, n private.Network, peer string) ([]string, error) {
	var all []string
	if s.Platform != "nas" || n.Listen != "" { // in a container the machine's addresses are not those that count
		var err error
		if all, err = n.Own(peer); err != nil {
			return nil, err
		}
	}
	for _, a := range s.Addresses {
		host, kind := a, "dns"
		if h, _, err := net.SplitHostPort(a); err == nil {
			host = h
		}
		if ip, err := netip.ParseAddr(host); err == nil {
			if kind = "ip4"; ip.Is6() {
				kind = "ip6"
			}
		}
		if at := fmt.Sprintf("/%s/%s/tcp/%d/p2p/%s", kind, host, n.Port, peer); private.CheckMembers([]string{at}) == nil && !slices.Contains(all, at) {
			all = append(all, at)
		}
	}
	return all, nil
}

// network is what this storage's code carries for another one to join; nil where it is in none.
func (m machine) network(s settings) (*code.Network, error) {
	if s.Network == nil {
		return nil, nil
	}
	key, err := m.networkKey(s)
	if err != nil {
		return nil, err
	}
	peer, err := peerID(s)
	if err != nil {
		return nil, err
	}
	own, err := m.ownMembers(s, *s.Network, peer)
	if err != nil {
		return nil, err
	}
	return &code.Network{Key: key, Members: private.Known(own, s.Network.Members)}, nil
}

// changeNetwork is the verbs make, join and leave.
func (m machine) changeNetwork(flags options) error {
	if err := m.configure(flags); err != nil {
		return err
	}
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		fmt.Fprintln(m.notes, "It counts when the storage is started again.")
		return nil
	}
	if out, err := exec.Command("systemctl", "try-restart", "roost-node.service").CombinedOutput(); err != nil {
		return fmt.Errorf("start the storage again: %w: %s", err, quiet.Reason(out))
	}
	return nil
}

// tellNetwork says how this storage stands to others.
func (m machine) tellNetwork() error {
	s, err := m.settings()
	if err != nil {
		return err
	}
	if s.Network == nil {
		fmt.Fprintln(m.out, "quiet: it looks for nobody and tells nobody")
		return nil
	}
	n, err := m.network(s)
	if err != nil {
		return err
	}
	fmt.Fprintf(m.out, "private network, port %d\n", s.Network.Port)
	for _, at := range n.Members {
		fmt.Fprintln(m.out, at)
	}
	return nil
}

// showNetwork prints the code with which one more storage joins.
func (m machine) showNetwork() error {
	s, err := m.settings()
	if err != nil {
		return err
	}
	n, err := m.network(s)
	if err != nil {
		return err
	}
	if n == nil {
		return errors.New("this storage is in no private network; make one: roost-node network make")
	}
	text, err := n.Encode()
	if err != nil {
		return err
	}
	picture, err := code.Terminal(text)
	if err != nil {
		return err
	}
	fmt.Fprintf(m.notes, "\nFamily network code of %s:\n\n", s.Name)
	fmt.Fprintln(m.out, text)
	fmt.Fprintf(m.notes, "\n%s\nOne more storage joins with it: sudo sh install.sh --join -   It is a key: show it to nobody else.\n", picture)
	return nil
}

// maxCode is in bytes.
const maxCode = 16 << 10

// readNetwork reads the private network from a file with a code, or with IPFS's key; "-" is standard input.
func (m machine) readNetwork(name string) (code.Network, error) {
	if strings.HasPrefix(strings.ToUpper(strings.TrimSpace(name)), "ROOST1-") {
		return code.Network{}, fmt.Errorf("the code is a key, which others on this machine can read on a command line; put it into a file, or paste it after --join - : %w", errUsage)
	}
	text, err := readCode(name, m.notes)
	if err != nil {
		return code.Network{}, fmt.Errorf("read the code: %w", err)
	}
	passphrase := ""
	if code.Locked(text) {
		if passphrase, err = thePassphrase(m.notes); err != nil {
			return code.Network{}, err
		}
	}
	n, err := code.ParseNetwork(text, passphrase)
	if errors.Is(err, code.ErrNoNetwork) {
		return n, fmt.Errorf("%w; there, run: sudo roost-node network make, and use the code that it prints", err)
	}
	return n, err
}

func readCode(name string, notes io.Writer) (string, error) {
	in := os.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	} else if term.IsTerminal(int(in.Fd())) {
		fmt.Fprint(notes, "Paste the code of the first storage, and press Enter:\n")
		return bufio.NewReader(io.LimitReader(in, maxCode)).ReadString('\n')
	}
	data, err := io.ReadAll(io.LimitReader(in, maxCode+1))
	if err == nil && len(data) > maxCode {
		err = errors.New("it is too long for a code")
	}
	return string(data), err
}

// thePassphrase opens a locked code: from the file that ROOST_CODE_PASSPHRASE_FILE names, or asked for.
func thePassphrase(notes io.Writer) (string, error) {
	if name := os.Getenv("ROOST_CODE_PASSPHRASE_FILE"); name != "" {
		data, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		return strings.TrimSpace(string(data)), nil
	}
	fmt.Fprint(notes, "Password of the code: ")
	defer fmt.Fprintln(notes)
	given, err := term.ReadPassword(int(os.Stdin.Fd()))
	if err != nil {
		return "", fmt.Errorf("ask for the password: %w", err)
	}
	return strings.TrimSpace(string(given)), nil
}
