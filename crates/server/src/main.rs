//! The program `saibo`.

fn main() -> std::process::ExitCode {
    saibo_server::cli::main()
}
