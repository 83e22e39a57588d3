# Amazon's official Ruby encryption clients, Debian's packages, at the service of a test: commands
# come in as lines of JSON, answers go out as lines of JSON.
#
#   ruby ruby_clients.rb S3_URL KMS_URL KEY_ARN      credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_...
#
#   {"do": "get", "client": "v1", "bucket": "b", "key": "k", "file": "/tmp/plain"}
#   {"do": "put", ...}                               the file's content, encrypted
#
# The answer is {"ok": SIZE} or {"error": "CLASS: MESSAGE"}. Clients:
#   v1         Encryption::Client: writes `kms` AES-CBC, Amazon's first generation
#   v2         EncryptionV2::Client with legacy reads: writes kms+context AES-GCM
#   v2-strict  the same, which reads nothing older than itself
require 'aws-sdk-kms'
require 'aws-sdk-s3'
require 'json'

S3_URL, KMS_URL, KEY_ARN = ARGV
COMMON = { region: 'us-east-1', retry_limit: 0 }.freeze
PLAIN = Aws::S3::Client.new(endpoint: S3_URL, force_path_style: true, **COMMON)
KMS = Aws::KMS::Client.new(endpoint: KMS_URL, **COMMON)

def first_generation
  Aws::S3::Encryption::Client.new(client: PLAIN, kms_client: KMS, kms_key_id: KEY_ARN)
end

def second_generation(key, profile)
  Aws::S3::EncryptionV2::Client.new(
    client: PLAIN, kms_client: KMS, kms_key_id: key, key_wrap_schema: :kms_context,
    content_encryption_schema: :aes_gcm_no_padding, security_profile: profile
  )
end

# Debian's KMS package is older than the KeyId of Decrypt, which a client made for one key sends:
# hence reading "with any key".
READERS = {
  'v1' => first_generation,
  'v2' => second_generation(:kms_allow_decrypt_with_any_cmk, :v2_and_legacy),
  'v2-strict' => second_generation(:kms_allow_decrypt_with_any_cmk, :v2)
}.freeze
WRITERS = { 'v1' => first_generation, 'v2' => second_generation(KEY_ARN, :v2_and_legacy) }.freeze

def get(command)
  client = READERS.fetch(command['client'])
  body = client.get_object(bucket: command['bucket'], key: command['key']).body.read
  File.binwrite(command['file'], body)
end

def put(command)
  client = WRITERS.fetch(command['client'])
  body = File.binread(command['file'])
  client.put_object(bucket: command['bucket'], key: command['key'], body: body)
  body.bytesize
end

def answer(command)
  { ok: command['do'] == 'put' ? put(command) : get(command) }
rescue StandardError, NotImplementedError => e
  { error: "#{e.class}: #{e.message}" }
end

$stdout.sync = true
$stdin.each_line { |line| puts JSON.generate(answer(JSON.parse(line))) }
