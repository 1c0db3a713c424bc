package acctest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protowire"
)

// narrow stands between Terraform and a provider, and hands everything through but the
// schemas of objects that no file in the folder names. AWS's provider has some thousand
// and a half: to read them all is two seconds of each run of Terraform.
type narrow struct {
	dir      string
	provider *grpc.ClientConn
	once     sync.Once
	schemas  []byte
	err      error
}

// mostMessage is how large a message may be; AWS's schemas exceed gRPC's own bound.
const mostMessage = 256 << 20

// narrowed puts one before a provider, for as long as the test takes, and returns how Terraform finds that.
func (tf *Terraform) narrowed(provider json.RawMessage) json.RawMessage {
	tf.t.Helper()
	var at map[string]any
	tf.must(json.Unmarshal(provider, &at))
	address, _ := at["Addr"].(map[string]any)
	scheme := map[any]string{"unix": "unix:"}[address["Network"]]
	conn, err := grpc.NewClient(scheme+fmt.Sprint(address["String"]), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(untouched{}), grpc.MaxCallRecvMsgSize(mostMessage), grpc.MaxCallSendMsgSize(mostMessage)))
	tf.must(err)
	n := &narrow{dir: tf.Dir, provider: conn}
	server := grpc.NewServer(grpc.ForceServerCodec(untouched{}), grpc.UnknownServiceHandler(n.handle), grpc.MaxRecvMsgSize(mostMessage), grpc.MaxSendMsgSize(mostMessage))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	tf.must(err)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener) // It ends with the test.
	}()
	tf.t.Cleanup(func() {
		server.Stop()
		<-served
		_ = conn.Close() // Nobody asks any more.
	})
	at["Addr"] = map[string]string{"Network": "tcp", "String": listener.Addr().String()}
	raw, err := json.Marshal(at)
	tf.must(err)
	return raw
}

// handle hands one call through.
func (n *narrow) handle(_ any, terraform grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(terraform)
	if strings.HasSuffix(method, ".Provider/GetSchema") || strings.HasSuffix(method, ".Provider/GetProviderSchema") {
		return n.answer(method, terraform)
	}
	provider, err := n.provider.NewStream(terraform.Context(), &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err != nil {
		return err
	}
	go func() {
		if errors.Is(carry(provider, terraform), io.EOF) {
			_ = provider.CloseSend() // Its answer says what went wrong.
		}
	}()
	if err := carry(terraform, provider); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// carry hands messages on until there are no more, io.EOF, or an error.
func carry(to interface{ SendMsg(any) error }, from interface{ RecvMsg(any) error }) error {
	for {
		var message []byte
		if err := from.RecvMsg(&message); err != nil {
			return err
		}
		if err := to.SendMsg(&message); err != nil {
			return err
		}
	}
}

// answer says the schemas of what is named.
func (n *narrow) answer(method string, terraform grpc.ServerStream) error {
	var asked []byte
	if err := terraform.RecvMsg(&asked); err != nil {
		return err
	}
	n.once.Do(func() { n.err = n.provider.Invoke(terraform.Context(), method, &asked, &n.schemas) })
	if n.err != nil {
		return n.err
	}
	names, err := named(n.dir)
	if err != nil {
		return err
	}
	kept, err := keep(n.schemas, names)
	if err != nil {
		return err
	}
	return terraform.SendMsg(&kept)
}

// word is what may name an object of a provider.
var word = regexp.MustCompile(`[a-z][a-z0-9]*_[a-z0-9_]+`)

// named are the words of the configurations and the state in a folder.
func named(dir string) (map[string]bool, error) {
	words := map[string]bool{}
	return words, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !slices.Contains([]string{".tf", ".tfstate"}, filepath.Ext(path)) {
			return err
		}
		text, err := os.ReadFile(path) //nolint:gosec // The test's own folder.
		for _, name := range word.FindAll(text, -1) {
			words[string(name)] = true
		}
		return err
	})
}

// The fields of a provider's schemas, in both of Terraform's protocols, that are maps
// from names: resources, data sources, ephemeral resources, lists, actions.
var mapped = []protowire.Number{2, 3, 8, 9, 11}

// keep leaves out the entries of the maps that have other names.
func keep(schemas []byte, names map[string]bool) ([]byte, error) {
	var kept []byte
	for len(schemas) > 0 {
		number, kind, tag := protowire.ConsumeTag(schemas)
		size := protowire.ConsumeFieldValue(number, kind, schemas[max(tag, 0):])
		if tag < 0 || size < 0 {
			return nil, fmt.Errorf("reading a provider's schemas: %w", protowire.ParseError(min(tag, size)))
		}
		field := schemas[:tag+size]
		schemas = schemas[tag+size:]
		if slices.Contains(mapped, number) {
			entry, _ := protowire.ConsumeBytes(field[tag:])
			_, _, key := protowire.ConsumeTag(entry)
			if name, length := protowire.ConsumeString(entry[max(key, 0):]); length >= 0 && !names[name] {
				continue
			}
		}
		kept = append(kept, field...)
	}
	return kept, nil
}

// untouched is a codec for messages that nobody looks into.
type untouched struct{}

// Marshal implements encoding.Codec.
func (untouched) Marshal(v any) ([]byte, error) {
	message, ok := v.(*[]byte)
	if !ok {
		return nil, fmt.Errorf("handing a message on: it is a %T", v)
	}
	return *message, nil
}

// Unmarshal implements encoding.Codec.
func (untouched) Unmarshal(data []byte, v any) error {
	message, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("handing a message on: it is a %T", v)
	}
	*message = slices.Clone(data)
	return nil
}

// Name implements encoding.Codec; to both sides it is what they have.
func (untouched) Name() string { return "proto" }
