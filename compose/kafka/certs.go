package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority is a certificate authority made for one cluster.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

// newAuthority makes an authority and the nodes' certificate. In dir: ca.pem, and server.pem with key and chain, the two
// files that Kafka's PEM stores read.
func newAuthority(dir string) (*authority, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the certificates' directory: %w", err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the authority's key: %w", err)
	}
	template := certificate("throughline test authority")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making the authority: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the authority back: %w", err)
	}
	a := &authority{cert: cert, key: key, dir: dir}
	if err := os.WriteFile(a.caFile(), encode("CERTIFICATE", der), 0o644); err != nil {
		return nil, fmt.Errorf("writing the authority: %w", err)
	}
	certPEM, keyPEM, err := a.issue("localhost")
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "server.pem"), append(keyPEM, certPEM...), 0o600); err != nil {
		return nil, fmt.Errorf("writing the nodes' certificate: %w", err)
	}
	return a, nil
}

func (a *authority) caFile() string { return filepath.Join(a.dir, "ca.pem") }

// issue makes a key and a certificate for a name, good for clients and for servers on loopback.
func (a *authority) issue(name string) (certPEM, keyPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key for %s: %w", name, err)
	}
	template := certificate(name)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.IPAddresses, template.DNSNames = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}, []string{"localhost"}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("making a certificate for %s: %w", name, err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding the key of %s: %w", name, err)
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", pkcs8), nil
}

func certificate(name string) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) // never fails
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
	}
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// TLS is how a client trusts the cluster; nil without TLS.
func (c *Cluster) TLS() *tls.Config {
	if c.authority == nil {
		return nil
	}
	roots := x509.NewCertPool()
	roots.AddCert(c.authority.cert)
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// CAFile is the path of the PEM file with which a client trusts the cluster; empty without TLS.
func (c *Cluster) CAFile() string {
	if c.authority == nil {
		return ""
	}
	return c.authority.caFile()
}

// ClientTLS trusts the cluster and carries a certificate whose principal is User:<name>.
func (c *Cluster) ClientTLS(name string) (*tls.Config, error) {
	certFile, keyFile, err := c.ClientCertFiles(name)
	if err != nil {
		return nil, err
	}
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of %s: %w", name, err)
	}
	config := c.TLS()
	config.Certificates = []tls.Certificate{pair}
	return config, nil
}

// ClientCertFiles makes a certificate for a client and returns the paths of its PEM files.
func (c *Cluster) ClientCertFiles(name string) (certFile, keyFile string, err error) {
	if c.authority == nil {
		return "", "", fmt.Errorf("a certificate for %s: the cluster was started without TLS", name)
	}
	certPEM, keyPEM, err := c.authority.issue(name)
	if err != nil {
		return "", "", err
	}
	certFile, keyFile = filepath.Join(c.authority.dir, "client-"+name+".pem"), filepath.Join(c.authority.dir, "client-"+name+".key")
	if err := os.WriteFile(certFile, certPEM, 0o644); err != nil {
		return "", "", fmt.Errorf("writing the certificate of %s: %w", name, err)
	}
	if err := os.WriteFile(keyFile, keyPEM, 0o600); err != nil {
		return "", "", fmt.Errorf("writing the key of %s: %w", name, err)
	}
	return certFile, keyFile, nil
}

// tlsProperties let the nodes show server.pem and, where a listener asks for it, trust clients of the same authority.
func tlsProperties(dir string) map[string]string {
	return map[string]string{
		"ssl.keystore.type":                  "PEM",
		"ssl.keystore.location":              filepath.Join(dir, "server.pem"),
		"ssl.truststore.type":                "PEM",
		"ssl.truststore.location":            filepath.Join(dir, "ca.pem"),
		"listener.name.mtls.ssl.client.auth": "required",
		"ssl.principal.mapping.rules":        "RULE:^CN=([^,]+).*$/$1/,DEFAULT",
	}
}
