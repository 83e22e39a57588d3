// Amazon's official Go encryption clients (aws-sdk-go v1, service/s3/s3crypto, Debian's package), at
// the service of a test: commands come in as lines of JSON, answers go out as lines of JSON.
//
//	go_clients S3_URL KMS_URL KEY_ARN        credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
//
//	{"do": "get", "client": "v1", "bucket": "b", "key": "k", "file": "/tmp/plain"}
//	{"do": "put", ..., "instruction": true}  the file's content, encrypted; the envelope apart
//
// The answer is {"ok": SIZE} or {"error": "MESSAGE"}. Clients that write: v1-cbc and v1-gcm (wrap
// `kms`), v2 (wrap kms+context, AES-GCM). Clients that read:
//
//	v1         the first generation: everything that it knows
//	v2         the second, with every legacy format registered
//	v2-strict  the second, which reads nothing older than what it writes
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/aws/endpoints"
	"github.com/aws/aws-sdk-go/aws/session"
	"github.com/aws/aws-sdk-go/service/kms"
	"github.com/aws/aws-sdk-go/service/s3"
	"github.com/aws/aws-sdk-go/service/s3/s3crypto"
)

type command struct {
	Do          string `json:"do"`
	Client      string `json:"client"`
	Bucket      string `json:"bucket"`
	Key         string `json:"key"`
	File        string `json:"file"`
	Instruction bool   `json:"instruction"`
}

type getter interface {
	GetObject(*s3.GetObjectInput) (*s3.GetObjectOutput, error)
}

type putter interface {
	PutObject(*s3.PutObjectInput) (*s3.PutObjectOutput, error)
}

type clients struct {
	session *session.Session
	kms     *kms.KMS
	keyARN  string
	readers map[string]getter
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "go_clients:", err)
		os.Exit(1)
	}
}

// One session, each service at its own server: the first generation makes its own KMS client.
func newClients(s3URL, kmsURL, keyARN string) *clients {
	at := func(service, region string, _ ...func(*endpoints.Options)) (endpoints.ResolvedEndpoint,
		error) {
		url := map[string]string{endpoints.S3ServiceID: s3URL, endpoints.KmsServiceID: kmsURL}[service]
		return endpoints.ResolvedEndpoint{URL: url, SigningRegion: region}, nil
	}
	c := &clients{keyARN: keyARN}
	c.session = session.Must(session.NewSession(&aws.Config{
		Region: aws.String("us-east-1"), MaxRetries: aws.Int(0), S3ForcePathStyle: aws.Bool(true),
		EndpointResolver: endpoints.ResolverFunc(at)}))
	c.kms = kms.New(c.session)
	c.readers = map[string]getter{
		"v1":        s3crypto.NewDecryptionClient(c.session),
		"v2":        c.secondGeneration(true),
		"v2-strict": c.secondGeneration(false),
	}
	return c
}

func (c *clients) secondGeneration(legacy bool) getter {
	registry := s3crypto.NewCryptoRegistry()
	must(s3crypto.RegisterKMSContextWrapWithAnyCMK(registry, c.kms))
	must(s3crypto.RegisterAESGCMContentCipher(registry))
	if legacy {
		must(s3crypto.RegisterKMSWrapWithAnyCMK(registry, c.kms))
		must(s3crypto.RegisterAESCBCContentCipher(registry, s3crypto.AESCBCPadder))
	}
	client, err := s3crypto.NewDecryptionClientV2(c.session, registry)
	must(err)
	return client
}

func (c *clients) saver(instruction bool) s3crypto.SaveStrategy {
	if instruction {
		return s3crypto.S3SaveStrategy{Client: s3.New(c.session)}
	}
	return s3crypto.HeaderV2SaveStrategy{}
}

func (c *clients) firstGenerationWriter(b s3crypto.ContentCipherBuilder, in bool) putter {
	return s3crypto.NewEncryptionClient(c.session, b, func(o *s3crypto.EncryptionClient) {
		o.SaveStrategy = c.saver(in)
	})
}

func (c *clients) writer(name string, instruction bool) (putter, error) {
	switch name {
	case "v1-cbc":
		keys := s3crypto.NewKMSKeyGenerator(c.kms, c.keyARN)
		builder := s3crypto.AESCBCContentCipherBuilder(keys, s3crypto.AESCBCPadder)
		return c.firstGenerationWriter(builder, instruction), nil
	case "v1-gcm":
		keys := s3crypto.NewKMSKeyGenerator(c.kms, c.keyARN)
		return c.firstGenerationWriter(s3crypto.AESGCMContentCipherBuilder(keys), instruction), nil
	case "v2":
		keys := s3crypto.NewKMSContextKeyGenerator(c.kms, c.keyARN, nil)
		builder := s3crypto.AESGCMContentCipherBuilderV2(keys)
		return s3crypto.NewEncryptionClientV2(c.session, builder,
			func(o *s3crypto.EncryptionClientOptions) { o.SaveStrategy = c.saver(instruction) })
	}
	return nil, fmt.Errorf("there is no writer %q", name)
}

func (c *clients) put(cmd command) (int, error) {
	client, err := c.writer(cmd.Client, cmd.Instruction)
	if err != nil {
		return 0, err
	}
	data, err := os.ReadFile(cmd.File)
	if err != nil {
		return 0, err
	}
	_, err = client.PutObject(&s3.PutObjectInput{
		Bucket: &cmd.Bucket, Key: &cmd.Key, Body: bytes.NewReader(data)})
	return len(data), err
}

func (c *clients) get(cmd command) (int, error) {
	client, known := c.readers[cmd.Client]
	if !known {
		return 0, fmt.Errorf("there is no reader %q", cmd.Client)
	}
	object, err := client.GetObject(&s3.GetObjectInput{Bucket: &cmd.Bucket, Key: &cmd.Key})
	if err != nil {
		return 0, err
	}
	defer object.Body.Close()
	data, err := io.ReadAll(object.Body)
	if err != nil {
		return 0, err
	}
	return len(data), os.WriteFile(cmd.File, data, 0o600)
}

// Some of the clients' code panics on what it does not expect (short metadata, for one).
func (c *clients) answer(cmd command) (reply map[string]interface{}) {
	defer func() {
		if problem := recover(); problem != nil {
			reply = map[string]interface{}{"error": fmt.Sprint("panic: ", problem)}
		}
	}()
	run := c.get
	if cmd.Do == "put" {
		run = c.put
	}
	size, err := run(cmd)
	if err != nil {
		return map[string]interface{}{"error": err.Error()}
	}
	return map[string]interface{}{"ok": size}
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: go_clients S3_URL KMS_URL KEY_ARN")
		os.Exit(2)
	}
	c := newClients(os.Args[1], os.Args[2], os.Args[3])
	in, out := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	for in.Scan() {
		var cmd command
		must(json.Unmarshal(in.Bytes(), &cmd))
		must(out.Encode(c.answer(cmd)))
	}
}
