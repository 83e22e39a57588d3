# Amazon's official Ruby encryption clients, Debian's packages, at the service of a test: commands
# come in as lines of JSON, answers go out as lines of JSON.
#
#   ruby ruby_clients.rb S3_URL KMS_URL KEY_ARN AES_KEY_HEX RSA_PEM_FILE
#
# Credentials: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
#
#   {"do": "get", "client": "v1", "bucket": "b", "key": "k", "file": "/tmp/plain"}
#   {"do": "put", ..., "instruction": true}     the file's content, encrypted; the envelope apart
#   "context": {"a": "b"}                       v2 under KMS: the user's encryption context
#
# The answer is {"ok": SIZE} or {"error": "CLASS: MESSAGE"}. Clients, each for a key of KMS (no
# suffix), an AES key (-aes) or an RSA key (-rsa):
#   v1         Encryption::Client, the first generation: writes `kms` AES-CBC, or V1 for raw keys
#   v2         EncryptionV2::Client with legacy reads: writes kms+context, AES/GCM or RSA-OAEP-SHA1
#   v2-strict  the same, which reads nothing older than itself
require 'aws-sdk-kms'
require 'aws-sdk-s3'
require 'json'

S3_URL, KMS_URL, KEY_ARN, AES_KEY_HEX, RSA_FILE = ARGV
COMMON = { region: 'us-east-1', retry_limit: 0 }.freeze
PLAIN = Aws::S3::Client.new(endpoint: S3_URL, force_path_style: true, **COMMON)
KMS = Aws::KMS::Client.new(endpoint: KMS_URL, **COMMON)
AES_KEY = [AES_KEY_HEX].pack('H*')
RSA_KEY = OpenSSL::PKey::RSA.new(File.read(RSA_FILE))

# Debian's KMS package is older than the KeyId of Decrypt, which a client made for one key sends:
# hence reading "with any key".
ANY_KEY = :kms_allow_decrypt_with_any_cmk

def place(instruction)
  { client: PLAIN, envelope_location: instruction ? :instruction_file : :metadata }
end

def first_generation(instruction, **key)
  Aws::S3::Encryption::Client.new(**place(instruction), **key)
end

def second_generation(instruction, profile, **key)
  Aws::S3::EncryptionV2::Client.new(
    **place(instruction), content_encryption_schema: :aes_gcm_no_padding,
    security_profile: profile, **key
  )
end

KEYS_V1 = {
  '' => { kms_client: KMS, kms_key_id: KEY_ARN },
  '-aes' => { encryption_key: AES_KEY },
  '-rsa' => { encryption_key: RSA_KEY }
}.freeze
KEYS_V2 = {
  '' => { kms_client: KMS, kms_key_id: KEY_ARN, key_wrap_schema: :kms_context },
  '-aes' => { encryption_key: AES_KEY, key_wrap_schema: :aes_gcm },
  '-rsa' => { encryption_key: RSA_KEY, key_wrap_schema: :rsa_oaep_sha1 }
}.freeze
PROFILES = { 'v2' => :v2_and_legacy, 'v2-strict' => :v2 }.freeze

def client(name, instruction, reading)
  generation, suffix = name.match(/\A(v1|v2|v2-strict)(|-aes|-rsa)\z/).captures
  return first_generation(instruction, **KEYS_V1[suffix]) if generation == 'v1'

  key = KEYS_V2[suffix]
  key = { **key, kms_key_id: ANY_KEY } if reading && suffix.empty?
  second_generation(instruction, PROFILES[generation], **key)
end

CLIENTS = Hash.new { |made, arguments| made[arguments] = client(*arguments) }

def object(command)
  extra = command['context'] ? { kms_encryption_context: command['context'] } : {}
  { bucket: command['bucket'], key: command['key'], **extra }
end

# Readers look at the metadata first and then for an instruction file.
def get(command)
  reader = CLIENTS[[command['client'], false, true]]
  File.binwrite(command['file'], reader.get_object(**object(command)).body.read)
end

def put(command)
  writer = CLIENTS[[command['client'], command['instruction'] == true, false]]
  body = File.binread(command['file'])
  writer.put_object(**object(command), body: body)
  body.bytesize
end

def answer(command)
  { ok: command['do'] == 'put' ? put(command) : get(command) }
rescue StandardError, NotImplementedError => e
  { error: "#{e.class}: #{e.message}".scrub }
end

$stdout.sync = true
$stdin.each_line { |line| puts JSON.generate(answer(JSON.parse(line))) }
