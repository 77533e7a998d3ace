//! Turns the `.proto` files into Rust without a `protoc`.
//!
//! The messages always; the service's stubs only with the feature `grpc`, for only they need
//! tonic. The stubs carry a frame as bytes, which our own code checks before it decodes them.

use std::env;
use std::error::Error;
use std::fs;
use std::path::PathBuf;

const FILE: &str = "proto/peer/v1/peer.proto";
const PACKAGE: &str = ".peer_ring.peer.v1";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=proto");
    let files = protox::compile([FILE], ["proto"])?;
    tonic_prost_build::configure()
        .build_client(false)
        .build_server(false)
        .bytes(PACKAGE)
        // The biggest by far and seldom sent; the others should stay small.
        .boxed(format!("{PACKAGE}.Message.body.standing"))
        .compile_fds(files.clone())?;
    if env::var_os("CARGO_FEATURE_GRPC").is_none() {
        return Ok(());
    }
    let stubs = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?).join("grpc");
    fs::create_dir_all(&stubs)?;
    tonic_prost_build::configure()
        .extern_path(PACKAGE, "crate::wire")
        .extern_path(format!("{PACKAGE}.Frame"), "crate::frame::RawFrame")
        .codec_path("crate::grpc::RawCodec")
        .out_dir(stubs)
        .compile_fds(files)?;
    Ok(())
}
