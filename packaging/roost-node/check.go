//go:build linux

package main

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// checkPatience is for a machine that was just switched on, and for a repository that is brought up to date.
const checkPatience = 2 * time.Minute

// check waits until the storage answers through its proxy, with the first key that there is.
func (m machine) check() error {
	s, err := m.settings()
	if err != nil {
		return err
	}
	keys, err := m.access()
	if err != nil {
		return err
	}
	if len(keys) == 0 {
		return errors.New("nobody has a key yet")
	}
	want, err := m.fingerprint()
	if err != nil {
		return err
	}
	host := s.Listen
	if host == "" {
		host = "127.0.0.1"
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{
		InsecureSkipVerify: true, // its fingerprint is known
		VerifyConnection: func(state tls.ConnectionState) error {
			if sum := sha256.Sum256(state.PeerCertificates[0].Raw); hex.EncodeToString(sum[:]) != want {
				return errors.New("another program answers at this port")
			}
			return nil
		},
	}}}
	address := "https://" + net.JoinHostPort(host, strconv.Itoa(s.Port)) + "/api/v0/id"
	for end := time.Now().Add(checkPatience); ; time.Sleep(500 * time.Millisecond) {
		version, err := askID(client, address, keys[0].Token)
		if err == nil {
			fmt.Fprintf(m.notes, "The storage answers (%s).\n", version)
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("the storage does not answer: %w; see: journalctl -u roost-node -u roost-proxy", err)
		}
	}
}

func askID(client *http.Client, address, token string) (version string, err error) {
	req, err := http.NewRequest(http.MethodPost, address, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	var id struct{ AgentVersion string }
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("it says %s", resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 1<<20)).Decode(&id); err != nil || id.AgentVersion == "" {
		return "", errors.New("what answers is not Kubo")
	}
	return id.AgentVersion, nil
}
