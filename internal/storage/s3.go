package storage

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// bucket is a prefix in S3-compatible object storage.
type bucket struct {
	client *minio.Client
	name   string
	prefix string // ends in a slash, or is empty
}

var _ Folder = (*bucket)(nil)

// openS3 makes the client for s3://bucket/prefix. Like Amazon's tools, it reads the address of the
// storage from AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL, without which it is Amazon's, and the
// region from AWS_REGION or AWS_DEFAULT_REGION.
func openS3(name string) (Folder, error) {
	b := &bucket{}
	b.name, b.prefix, _ = strings.Cut(strings.TrimPrefix(name, s3Scheme), "/")
	if b.name == "" {
		return nil, fmt.Errorf("%s has no bucket; give s3://bucket/prefix", name)
	}
	if b.prefix = strings.Trim(b.prefix, "/"); b.prefix != "" {
		b.prefix += "/"
	}
	host, secure, err := endpoint(cmp.Or(os.Getenv("AWS_ENDPOINT_URL_S3"), os.Getenv("AWS_ENDPOINT_URL")))
	if err != nil {
		return nil, err
	}
	b.client, err = minio.New(host, &minio.Options{
		Creds:  credentialChain(),
		Secure: secure,
		Region: cmp.Or(os.Getenv("AWS_REGION"), os.Getenv("AWS_DEFAULT_REGION")),
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// endpoint splits the address of a storage.
func endpoint(text string) (host string, secure bool, err error) {
	if text == "" {
		return "s3.amazonaws.com", true, nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", false, fmt.Errorf("the endpoint of S3 is %q; give AWS_ENDPOINT_URL an address such as https://storage.example:9000", text)
	}
	return u.Host, u.Scheme == "https", nil
}

// credentialChain finds credentials where Amazon's tools do: in the environment, in the shared file
// with AWS_PROFILE, and from the machine, the container or the Kubernetes service account. With
// none of them requests are anonymous.
func credentialChain() *credentials.Credentials {
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{},
		&credentials.FileAWSCredentials{},
		&credentials.IAM{Client: &http.Client{Timeout: 5 * time.Second}},
	})
}

func (b *bucket) String() string { return s3Scheme + b.name + "/" + b.prefix }

func (b *bucket) key(name string) string { return b.prefix + name }

// fault names the object in an error of the storage.
func (b *bucket) fault(doing, name string, err error) error {
	switch minio.ToErrorResponse(err).Code {
	case minio.NoSuchKey, minio.NoSuchBucket:
		err = errors.Join(fs.ErrNotExist, err)
	}
	return fmt.Errorf("%s %s%s: %w", doing, b, name, err)
}

func (b *bucket) Stat(ctx context.Context, name string) (File, error) {
	info, err := b.client.StatObject(ctx, b.name, b.key(name), minio.StatObjectOptions{})
	if err != nil {
		return File{}, b.fault("looking for", name, err)
	}
	return b.file(info), nil
}

func (b *bucket) file(info minio.ObjectInfo) File {
	return File{Name: strings.TrimPrefix(info.Key, b.prefix), Size: info.Size, Modified: info.LastModified, Version: info.ETag}
}

func (b *bucket) Open(ctx context.Context, name string) (Reader, error) {
	info, err := b.Stat(ctx, name)
	if err != nil {
		return nil, err
	}
	opts := minio.GetObjectOptions{}
	if err := opts.SetMatchETag(info.Version); err != nil { // another version must not follow in the middle
		return nil, b.fault("reading", name, err)
	}
	object, err := b.client.GetObject(ctx, b.name, b.key(name), opts)
	if err != nil {
		return nil, b.fault("reading", name, err)
	}
	return &s3Object{object, b, info}, nil
}

// s3Object is an object that is being read. A read sends a request unless it follows the last one.
type s3Object struct {
	*minio.Object
	from *bucket
	info File
}

func (o *s3Object) Size() int64     { return o.info.Size }
func (o *s3Object) Version() string { return o.info.Version }

func (o *s3Object) Read(p []byte) (int, error) {
	n, err := o.Object.Read(p)
	return n, o.fault(err)
}

func (o *s3Object) ReadAt(p []byte, offset int64) (int, error) {
	n, err := o.Object.ReadAt(p, offset)
	return n, o.fault(err)
}

func (o *s3Object) fault(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return o.from.fault("reading", o.info.Name, err)
}

func (b *bucket) Create(ctx context.Context, name string) (Writer, error) {
	return &upload{ctx: ctx, to: b, name: name}, nil
}

// upload is an object that is being written. It is in memory until Commit, so that a request that
// fails can be repeated.
type upload struct {
	bytes.Buffer
	ctx  context.Context
	to   *bucket
	name string
}

func (u *upload) Commit() error {
	_, err := u.to.client.PutObject(u.ctx, u.to.name, u.to.key(u.name), bytes.NewReader(u.Bytes()), int64(u.Len()),
		minio.PutObjectOptions{ContentType: "application/octet-stream"})
	if err != nil {
		return u.to.fault("writing", u.name, err)
	}
	return nil
}

func (u *upload) Close() error { return nil }

func (b *bucket) List(ctx context.Context) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel() // ends the listing if the caller does not want the rest
		for info := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: b.prefix}) {
			if info.Err != nil {
				yield(File{}, b.fault("listing", "", info.Err))
				return
			}
			if !strings.HasSuffix(info.Key, "/") && !yield(b.file(info), nil) {
				return
			}
		}
	}
}

func (b *bucket) Remove(ctx context.Context, name string) error {
	if err := b.client.RemoveObject(ctx, b.name, b.key(name), minio.RemoveObjectOptions{}); err != nil {
		return b.fault("removing", name, err)
	}
	return nil
}

// Clean does nothing: an upload that did not end is not visible, and the storage's own rules remove
// it.
func (b *bucket) Clean(context.Context, func(string) bool) (int, error) { return 0, nil }

// Make does nothing: prefixes need not be made.
func (b *bucket) Make() error { return nil }
