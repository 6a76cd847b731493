package peerfile

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

const (
	heading   = "grapevine peers "
	version   = "1" // of the form; another release may know more
	ofCluster = "cluster "
	sumLength = len("sha256 \n") + 2*sha256.Size
)

var (
	errTooLong   = fmt.Errorf("it has more than %d bytes", longest)
	errHeading   = fmt.Errorf("%w: it does not begin with %q", ErrUnknown, heading)
	errSum       = errors.New("its checksum is missing or does not fit, so it was cut off or altered")
	errCluster   = errors.New("its second line names no cluster")
	errNotAsWe   = errors.New("it is not in the form that is written")
	errManyPeers = fmt.Errorf("it holds more than %d peers", mostPeers)
)

// encodeAll gives the content for addresses in any order, even if they are too many or given twice.
func encodeAll(cluster string, addresses []string) ([]byte, error) {
	peers := make([]netip.AddrPort, 0, len(addresses))
	for _, address := range addresses {
		peer, err := parsePeer(address)
		if err != nil {
			return nil, err
		}
		peers = append(peers, peer)
	}
	peers = inOrder(peers)
	content := encode(cluster, peers[:min(len(peers), mostPeers)])
	if len(content) > longest {
		return nil, errTooLong
	}
	return content, nil
}

func inOrder(peers []netip.AddrPort) []netip.AddrPort {
	slices.SortFunc(peers, netip.AddrPort.Compare)
	return slices.Compact(peers)
}

func encode(cluster string, peers []netip.AddrPort) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s%s\n%s%q\n", heading, version, ofCluster, cluster)
	for _, peer := range peers {
		fmt.Fprintln(&b, peer)
	}
	return append(b.Bytes(), sumLine(b.Bytes())...)
}

func sumLine(content []byte) string { return fmt.Sprintf("sha256 %x\n", sha256.Sum256(content)) }

// decode accepts only what encode gives, to the byte.
func decode(content []byte) (cluster string, peers []netip.AddrPort, err error) {
	if len(content) > longest {
		return "", nil, fmt.Errorf("%w: %w", ErrUnknown, errTooLong) // it was never written here
	}
	text, err := checked(string(content))
	if err != nil {
		return "", nil, err
	}
	second, rest, _ := strings.Cut(text, "\n")
	if cluster, err = strconv.Unquote(strings.TrimPrefix(second, ofCluster)); err != nil {
		return "", nil, errCluster
	}
	for line := range strings.Lines(rest) {
		peer, err := parsePeer(strings.TrimSuffix(line, "\n"))
		if err != nil {
			return "", nil, err
		}
		peers = append(peers, peer)
	}
	if len(peers) > mostPeers {
		return "", nil, errManyPeers
	}
	if !bytes.Equal(encode(cluster, inOrder(slices.Clone(peers))), content) {
		return "", nil, errNotAsWe
	}
	return cluster, peers, nil
}

// checked gives what is between the first line and the last. The version is looked at before the checksum, which another
// version may write otherwise.
func checked(content string) (string, error) {
	first, rest, _ := strings.Cut(content, "\n")
	written, ok := strings.CutPrefix(first, heading)
	switch {
	case content == "":
		return "", errSum // a disk that lost power may leave that of a file that was just written
	case !ok:
		return "", errHeading
	case written != version:
		return "", fmt.Errorf("%w of this release: it is of version %.20q, and this release knows version %s", ErrUnknown, written, version)
	}
	end := len(content) - sumLength
	if end < len(content)-len(rest) || content[end:] != sumLine([]byte(content[:end])) {
		return "", errSum
	}
	return content[len(content)-len(rest) : end], nil
}

func parsePeer(address string) (netip.AddrPort, error) {
	peer, err := netip.ParseAddrPort(address)
	ip := peer.Addr().Unmap()
	if err != nil || peer.Port() == 0 || ip.Zone() != "" || ip.IsUnspecified() || ip.IsMulticast() || ip == broadcast {
		return peer, fmt.Errorf("peer %.64q: use the IP and port at which a member is dialled, 10.0.0.7:7946", address)
	}
	return netip.AddrPortFrom(ip, peer.Port()), nil
}

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})
