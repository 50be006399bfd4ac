// Verify checks an exported log with the transparency log library of the Go project (golang.org/x/mod/sumdb), which knows
// nothing of ours: the signed checkpoint and its cosignature, every hash tile, the entries under them, a proof of inclusion
// for each entry, and a proof that the tree has grown from an older checkpoint.
//
// Usage: verify LOG VKEY COSIGNER-VKEY OLDER-CHECKPOINT
//
// LOG is the folder that holds `checkpoint`. Prints what was checked as JSON; exits 1 with the reason otherwise.
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// A cosigner verifies "cosignature/v1" lines (C2SP tlog-cosignature), which the note package does not know.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }

func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	signed := fmt.Sprintf("cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(sig), msg)
	return ed25519.Verify(c.key, []byte(signed), sig[8:])
}

func newCosigner(vkey string) (note.Verifier, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, errors.New("malformed vkey of the cosigner")
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return nil, err
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil {
		return nil, err
	}
	if len(key) != 1+ed25519.PublicKeySize || key[0] != 4 {
		return nil, errors.New("the cosigner's key is not of type 4")
	}
	return cosigner{parts[0], uint32(hash), key[1:]}, nil
}

// readCheckpoint opens a note that the log and the cosigner must both have signed.
func readCheckpoint(path string, log, witness note.Verifier) (tree tlog.Tree, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return tree, err
	}
	opened, err := note.Open(data, note.VerifierList(log, witness))
	if err != nil {
		return tree, err
	}
	if len(opened.Sigs) != 2 {
		return tree, fmt.Errorf("%d of 2 signatures are there", len(opened.Sigs))
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != log.Name() {
		return tree, errors.New("the checkpoint is of another log")
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = tlog.ParseHash(lines[2])
	return tree, err
}

// A files reads tiles where C2SP tlog-tiles puts them: without the height that Go has in its paths.
type files struct {
	dir  string
	read map[string]bool
}

func (f files) Height() int { return height }

func (f files) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(f.dir, path))
		if err != nil {
			return nil, err
		}
		f.read[path] = true
		found = append(found, data)
	}
	return found, nil
}

func (f files) SaveTiles([]tlog.Tile, [][]byte) {}

// entries reads the entry bundles of a tree.
func (f files) entries(size int64) ([][]byte, error) {
	var found [][]byte
	for start := int64(0); start < size; start += 1 << height {
		width := int64(1 << height)
		if size-start < width {
			width = size - start
		}
		tile := tlog.Tile{H: height, L: 0, N: start >> height, W: int(width)}
		data, err := os.ReadFile(filepath.Join(f.dir, strings.Replace(tile.Path(), "tile/8/0/", "tile/entries/", 1)))
		if err != nil {
			return nil, err
		}
		for ; len(data) >= 2 && len(data) >= 2+int(binary.BigEndian.Uint16(data)); width-- {
			end := 2 + int(binary.BigEndian.Uint16(data))
			found, data = append(found, data[2:end]), data[end:]
		}
		if width != 0 || len(data) != 0 {
			return nil, fmt.Errorf("malformed bundle %d", tile.N)
		}
	}
	return found, nil
}

// allTiles names every hash tile of a tree.
func allTiles(size int64) (paths []string) {
	for level := 0; size>>(height*level) > 0; level++ {
		for index, rest := int64(0), size>>(height*level); rest > 0; index, rest = index+1, rest-1<<height {
			width := rest
			if width > 1<<height {
				width = 1 << height
			}
			tile := tlog.Tile{H: height, L: level, N: index, W: int(width)}
			paths = append(paths, strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		}
	}
	return paths
}

func checkInclusion(tree tlog.Tree, reader tlog.HashReader, entries [][]byte) error {
	for index, entry := range entries {
		proof, err := tlog.ProveRecord(tree.N, int64(index), reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(index), tlog.RecordHash(entry)); err != nil {
			return fmt.Errorf("entry %d: %v", index, err)
		}
	}
	return nil
}

func checkGrowth(tree, older tlog.Tree, reader tlog.HashReader) error {
	proof, err := tlog.ProveTree(tree.N, older.N, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, older.N, older.Hash)
}

func run(dir, vkey, cosignerVkey, olderPath string) (map[string]int64, error) {
	log, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	witness, err := newCosigner(cosignerVkey)
	if err != nil {
		return nil, err
	}
	tree, err := readCheckpoint(filepath.Join(dir, "checkpoint"), log, witness)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %v", err)
	}
	older, err := readCheckpoint(olderPath, log, witness)
	if err != nil {
		return nil, fmt.Errorf("older checkpoint: %v", err)
	}
	read := files{dir, map[string]bool{}}
	reader := tlog.TileHashReader(tree, read)
	entries, err := read.entries(tree.N)
	if err != nil {
		return nil, fmt.Errorf("entries: %v", err)
	}
	if err := checkInclusion(tree, reader, entries); err != nil {
		return nil, fmt.Errorf("inclusion: %v", err)
	}
	if err := checkGrowth(tree, older, reader); err != nil {
		return nil, fmt.Errorf("growth: %v", err)
	}
	every := allTiles(tree.N)
	for _, path := range every {
		if !read.read[path] {
			return nil, fmt.Errorf("%s was not needed for any proof", path)
		}
	}
	return map[string]int64{"size": tree.N, "entries": int64(len(entries)), "tiles": int64(len(every)), "older": older.N}, nil
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: verify LOG VKEY COSIGNER-VKEY OLDER-CHECKPOINT")
		os.Exit(2)
	}
	checked, err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(checked)
}
